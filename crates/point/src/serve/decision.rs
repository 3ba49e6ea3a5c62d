//! What a request for an object is answered with: decided from its header fields alone.

use dray_model::range::{RangeRequest, Satisfied};
use http::header::{HeaderName, IF_NONE_MATCH, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderValue, Method};

/// The answer to a request for an object that is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// The caller has it: 304.
    NotModified,
    /// All of it: 200.
    Whole,
    /// Bytes `start..end`: 206.
    Part { start: u64, end: u64 },
    /// A range that is beyond the end: 416.
    Unsatisfiable,
}

/// Decides about an object of `size` bytes whose strong ETag is `etag`, quotes included (RFC 9110, 13.2.2). Ranges are for `GET`
/// alone (14.2).
pub(super) fn decide(method: &Method, headers: &HeaderMap, etag: &HeaderValue, size: u64) -> Decision {
    if text(headers, &IF_NONE_MATCH).is_some_and(|tags| names(tags, etag)) {
        return Decision::NotModified;
    }
    // A range goes with another version of the object, or with a date, is for something that we don't have.
    let applies = match headers.get(IF_RANGE) {
        None => true,
        Some(validator) => validator.as_bytes() == etag.as_bytes(),
    };
    let range = text(headers, &RANGE).filter(|_| applies && *method == Method::GET).and_then(RangeRequest::parse);
    match range.map(|range| range.of(size)) {
        None => Decision::Whole,
        Some(Satisfied::Part { start, end }) => Decision::Part { start, end },
        Some(Satisfied::Nothing) => Decision::Unsatisfiable,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a list of ETags names this one; weak ones count here (RFC 9110, 13.1.2).
fn names(tags: &str, etag: &HeaderValue) -> bool {
    tags.split(',')
        .map(|tag| tag.trim_matches([' ', '\t']))
        .any(|tag| tag == "*" || tag.trim_start_matches("W/").as_bytes() == etag.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ETAG: &str = "\"abc\"";

    fn decided(headers: &[(HeaderName, &str)]) -> Decision {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        decide(&Method::GET, &headers, &HeaderValue::from_static(ETAG), 100)
    }

    #[test]
    fn who_has_the_object_is_told_so_whatever_else_it_asks() {
        for tags in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"] {
            assert_eq!(decided(&[(IF_NONE_MATCH, tags), (RANGE, "bytes=0-1")]), Decision::NotModified, "{tags}");
        }
        assert_eq!(decided(&[(IF_NONE_MATCH, "\"abcd\"")]), Decision::Whole);
    }

    #[test]
    fn a_range_of_another_version_gives_the_whole_object() {
        let range = (RANGE, "bytes=10-19");
        assert_eq!(decided(&[range.clone(), (IF_RANGE, ETAG)]), Decision::Part { start: 10, end: 20 });
        for other in ["\"x\"", "W/\"abc\"", "Sun, 22 Nov 2026 17:00:00 GMT"] {
            assert_eq!(decided(&[range.clone(), (IF_RANGE, other)]), Decision::Whole, "{other}");
        }
    }

    #[test]
    fn ranges_beyond_the_end_are_refused_and_strange_ones_ignored() {
        assert_eq!(decided(&[(RANGE, "bytes=100-")]), Decision::Unsatisfiable);
        assert_eq!(decided(&[(RANGE, "bytes=0-1,5-6")]), Decision::Whole);
        assert_eq!(decided(&[]), Decision::Whole);
    }

    #[test]
    fn a_range_means_nothing_when_only_the_head_is_asked_for() {
        let headers = [(RANGE, "bytes=0-1".parse().unwrap())].into_iter().collect();
        assert_eq!(decide(&Method::HEAD, &headers, &HeaderValue::from_static(ETAG), 100), Decision::Whole);
    }
}
