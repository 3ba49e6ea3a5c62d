//! The `Range` field of a request for an object (RFC 9110, 14.2): one range of bytes, or nothing that is answered with a part. The site
//! and points read it with this one parser, so that they answer alike.

/// What a caller asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeRequest {
    /// Bytes from `first` to `last`, both included; to the end when there is no `last`.
    From {
        /// The first byte.
        first: u64,
        /// The last byte.
        last: Option<u64>,
    },
    /// The last so many bytes.
    Last(u64),
}

/// What a request comes to for an object of a certain size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Satisfied {
    /// Bytes `start..end`, at least one.
    Part {
        /// The first byte.
        start: u64,
        /// The byte after the last.
        end: u64,
    },
    /// Nothing of it is in the object.
    Nothing,
}

impl RangeRequest {
    /// Reads a field. `None` for several ranges, other units and what isn't well formed: those may be ignored, and
    /// the whole object is the right answer.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (unit, range) = text.split_once('=')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (first, last) = range.trim_matches([' ', '\t']).split_once('-')?;
        match (first, last) {
            ("", last) => Some(Self::Last(number(last)?)),
            (first, "") => Some(Self::From { first: number(first)?, last: None }),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::From { first, last: Some(last) })
            }
        }
    }

    /// What it comes to for an object of `size` bytes.
    #[must_use]
    pub fn of(self, size: u64) -> Satisfied {
        let (start, end) = match self {
            Self::From { first, last } => (first, last.map_or(size, |last| size.min(last.saturating_add(1)))),
            Self::Last(count) => (size.saturating_sub(count), size),
        };
        if start < end { Satisfied::Part { start, end } } else { Satisfied::Nothing }
    }
}

/// Digits alone; a number too large for 64 bits is beyond every object.
fn number(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part(text: &str, size: u64) -> Option<Satisfied> {
        RangeRequest::parse(text).map(|range| range.of(size))
    }

    #[test]
    fn single_ranges_are_answered_as_the_rfc_says() {
        assert_eq!(part("bytes=0-499", 10_000), Some(Satisfied::Part { start: 0, end: 500 }));
        assert_eq!(part("bytes=9500-", 10_000), Some(Satisfied::Part { start: 9500, end: 10_000 }));
        assert_eq!(part("bytes=-500", 10_000), Some(Satisfied::Part { start: 9500, end: 10_000 }));
        assert_eq!(part("bytes=-20000", 10_000), Some(Satisfied::Part { start: 0, end: 10_000 }));
        assert_eq!(part("bytes=9999-20000", 10_000), Some(Satisfied::Part { start: 9999, end: 10_000 }));
        assert_eq!(part("BYTES=0-0", 1), Some(Satisfied::Part { start: 0, end: 1 }));
    }

    #[test]
    fn a_range_beyond_the_end_holds_nothing() {
        for text in ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(part(text, 10), Some(Satisfied::Nothing), "{text}");
        }
        assert_eq!(part("bytes=-5", 0), Some(Satisfied::Nothing));
    }

    #[test]
    fn what_is_not_one_well_formed_range_is_ignored() {
        for text in
            ["", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "bytes=0-1,3-4", "lines=0-1", "bytes=+1-2"]
        {
            assert_eq!(part(text, 10), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_part_lies_inside_of_the_object(text in "(bytes=)?[0-9-]{0,24}", size in any::<u64>()) {
            if let Some(Satisfied::Part { start, end }) = part(&text, size) {
                prop_assert!(start < end && end <= size);
            }
        }

        #[test]
        fn a_range_that_is_written_is_read_back(first in any::<u64>(), length in 0u64..1000) {
            let last = first.saturating_add(length);
            let read = RangeRequest::parse(&format!("bytes={first}-{last}"));
            prop_assert_eq!(read, Some(RangeRequest::From { first, last: Some(last) }));
        }

        #[test]
        fn any_text_is_read_or_ignored(text in "\\PC{0,40}", size in 0u64..100) {
            let _ = part(&text, size);
        }
    }
}
