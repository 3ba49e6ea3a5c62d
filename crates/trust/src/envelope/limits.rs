//! What is read of an envelope at most.

use super::EnvelopeError;

/// Limits on signed documents from outside, checked before anything is allocated for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the envelope as transported. The payload has at most three quarters of it.
    pub document_bytes_max: usize,
    /// Signatures in an envelope.
    pub signatures_max: usize,
    /// Levels of arrays and objects, in the envelope and in the payload each.
    pub depth_max: usize,
}

impl Limits {
    /// 4 MiB hold a policy of 20,000 assignments at 100 bytes each, twice; documents nest about ten levels.
    pub const DEFAULT: Self = Self { document_bytes_max: 4 << 20, signatures_max: 16, depth_max: 32 };

    pub(crate) fn check_size(&self, bytes: &[u8]) -> Result<(), EnvelopeError> {
        let (found, max) = (bytes.len(), self.document_bytes_max);
        if found > max { Err(EnvelopeError::TooLarge { found, max }) } else { Ok(()) }
    }

    /// Counts brackets outside texts. What this misreads in broken JSON, the JSON reader refuses afterwards.
    pub(crate) fn check_depth(&self, json: &[u8]) -> Result<(), EnvelopeError> {
        let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
        for byte in json {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_text => escaped = true,
                b'"' => in_text = !in_text,
                _ if in_text => {}
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > self.depth_max {
                return Err(EnvelopeError::TooDeep { max: self.depth_max });
            }
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn accepts(depth_max: usize, json: &str) -> bool {
        Limits { depth_max, ..Limits::DEFAULT }.check_depth(json.as_bytes()).is_ok()
    }

    #[test]
    fn brackets_in_texts_are_not_levels() {
        assert!(accepts(2, r#"{"a":["[[[[{{{{"]}"#));
        assert!(accepts(1, r#"["\"[[[", "\\"]"#));
        assert!(!accepts(1, r#"["\\", []]"#));
    }

    #[test]
    fn levels_that_close_again_are_not_added_up() {
        assert!(accepts(2, "[[],[],[],{}]"));
        assert!(!accepts(2, "[[[]]]"));
    }

    fn nested(depth: u32) -> impl Strategy<Value = (serde_json::Value, usize)> {
        let leaf = "\\PC{0,8}".prop_map(|text| (serde_json::Value::String(text), 0));
        leaf.prop_recursive(depth, 32, 4, |inner| {
            proptest::collection::vec(inner, 0..4).prop_map(|items| {
                let depth = 1 + items.iter().map(|(_, depth)| *depth).max().unwrap_or(0);
                (serde_json::Value::Array(items.into_iter().map(|(value, _)| value).collect()), depth)
            })
        })
    }

    proptest! {
        #[test]
        fn the_depth_of_any_json_is_counted_exactly((value, depth) in nested(6)) {
            prop_assert!(accepts(depth, &value.to_string()));
            prop_assert!(depth == 0 || !accepts(depth - 1, &value.to_string()));
        }
    }
}
