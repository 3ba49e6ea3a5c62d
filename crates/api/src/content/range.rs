//! Which bytes of an object a request wants (RFC 9110 §14): one range, or all.
//!
//! Several ranges at once, other units and texts that aren't ranges are answered with the whole object, as the RFC allows.

use dray_site::content::Wanted;
use http::{HeaderMap, header};

/// Which bytes are wanted of the object with this entity tag.
pub(super) fn wanted(headers: &HeaderMap, tag: &str) -> Wanted {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::IF_RANGE).is_some_and(|condition| condition != tag) {
        return Wanted::Whole;
    }
    text(header::RANGE).and_then(parse).unwrap_or(Wanted::Whole)
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

fn parse(text: &str) -> Option<Wanted> {
    let (first, last) = text.strip_prefix("bytes=")?.trim().split_once('-')?;
    let number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u64>().ok())?;
    match (first, last) {
        ("", last) => number(last).map(Wanted::Last),
        (first, "") => number(first).map(Wanted::From),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Wanted::Between(first, last))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "\"abc\"";

    fn asked(pairs: &[(http::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn one_range_is_understood_and_everything_else_is_the_whole() {
        let of = |text| wanted(&asked(&[(header::RANGE, text)]), TAG);
        assert_eq!(of("bytes=0-0"), Wanted::Between(0, 0));
        assert_eq!(of("bytes=5-"), Wanted::From(5));
        assert_eq!(of("bytes=-7"), Wanted::Last(7));
        for whole in ["bytes=2-1", "bytes=0-1,3-4", "bytes=a-b", "bytes=", "bytes=-", "lines=1-2", "bytes=+1-2"] {
            assert_eq!(of(whole), Wanted::Whole, "{whole}");
        }
        assert_eq!(of("bytes=99999999999999999999-"), Wanted::Whole);
        assert_eq!(wanted(&HeaderMap::new(), TAG), Wanted::Whole);
    }

    #[test]
    fn a_range_of_another_state_is_the_whole() {
        let asked_if = |tag| wanted(&asked(&[(header::RANGE, "bytes=1-2"), (header::IF_RANGE, tag)]), TAG);
        assert_eq!(asked_if(TAG), Wanted::Between(1, 2));
        assert_eq!(asked_if("\"other\""), Wanted::Whole);
    }

    #[test]
    fn a_known_object_is_known_by_any_of_the_tags_given() {
        let known = |text| is_known(&asked(&[(header::IF_NONE_MATCH, text)]), TAG);
        assert!(known("\"abc\"") && known("\"x\", W/\"abc\"") && known("*"));
        assert!(!known("\"x\"") && !is_known(&HeaderMap::new(), TAG));
    }
}
