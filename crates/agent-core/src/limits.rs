//! How much of what comes from outside is kept.

/// Bounds of the state and of messages.
pub(crate) struct Limits {
    /// Characters of an error's sentence, wherever it came from.
    pub(crate) sentence: usize,
    /// Bytes of a program's output.
    pub(crate) output_tail_bytes: usize,
    /// Ledgers kept of advertisements that no longer reach the device; the longest withdrawn go first. What goes is not run again
    /// because of that: the rerun rule still looks at the program's history.
    pub(crate) forgotten_advertisements: usize,
}

/// The bounds in force.
pub(crate) const LIMITS: Limits =
    Limits { sentence: 500, output_tail_bytes: dray_model::status::OUTPUT_TAIL_MAX, forgotten_advertisements: 1000 };

/// The beginning of an error's text.
pub(crate) fn sentence(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LIMITS.sentence) {
        text.truncate(end);
    }
    text
}

/// The end of a text, whole characters of at most so many bytes as are sent.
pub(crate) fn tail(text: String) -> String {
    let cut = text.ceil_char_boundary(text.len().saturating_sub(LIMITS.output_tail_bytes));
    if cut == 0 { text } else { text[cut..].to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_whole_characters() {
        assert_eq!(tail("short".into()), "short");
        assert_eq!(sentence("short".into()), "short");
        let long = "é".repeat(LIMITS.output_tail_bytes);
        let kept = tail(format!("{long}x"));
        assert!(kept.len() <= LIMITS.output_tail_bytes && kept.ends_with("éx"));
        assert_eq!(sentence(long).chars().count(), LIMITS.sentence);
    }
}
