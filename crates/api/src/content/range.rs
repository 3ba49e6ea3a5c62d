//! Which bytes of an object a request wants (RFC 9110 §14), and whether its caller has them already.

use dray_model::range::RangeRequest;
use http::{HeaderMap, header};

/// Which bytes are wanted of the object with this entity tag; all of them without a range that applies.
pub(super) fn wanted(headers: &HeaderMap, tag: &str) -> Option<RangeRequest> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::IF_RANGE).is_some_and(|condition| condition != tag) {
        return None;
    }
    text(header::RANGE).and_then(RangeRequest::parse)
}

/// Whether the caller has the object already.
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|known| matches!(known.trim(), "*") || known.trim().trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "\"abc\"";

    fn asked(pairs: &[(http::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_range_of_another_state_is_the_whole() {
        let asked_if = |tag| wanted(&asked(&[(header::RANGE, "bytes=1-2"), (header::IF_RANGE, tag)]), TAG);
        assert_eq!(asked_if(TAG), Some(RangeRequest::From { first: 1, last: Some(2) }));
        assert_eq!(asked_if("\"other\""), None);
    }

    #[test]
    fn a_known_object_is_known_by_any_of_the_tags_given() {
        let known = |text| is_known(&asked(&[(header::IF_NONE_MATCH, text)]), TAG);
        assert!(known("\"abc\"") && known("\"x\", W/\"abc\"") && known("*"));
        assert!(!known("\"x\"") && !is_known(&HeaderMap::new(), TAG));
    }
}
