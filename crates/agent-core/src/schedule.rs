//! When an advertisement may run: from its start to its expiry, at its assignments.

use dray_model::Timestamp;
use dray_model::advertisement::AdvertisementTerms;

use crate::ledger::Ledger;

/// Whether something may start by these terms now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Not before this instant.
    Before(Timestamp),
    /// It may.
    Open,
    /// Not any more.
    Over,
}

pub(crate) fn phase(terms: &AdvertisementTerms, now: Timestamp) -> Phase {
    match (terms.start, terms.expires) {
        (_, Some(expires)) if now >= expires => Phase::Over,
        (Some(start), _) if now < start => Phase::Before(start),
        _ => Phase::Open,
    }
}

/// The next instant at which an assignment comes due, if that is before the expiry.
pub(crate) fn next_due(terms: &AdvertisementTerms, ledger: &Ledger, now: Timestamp) -> Option<Timestamp> {
    let next = match phase(terms, now) {
        Phase::Over => None,
        Phase::Open => ledger.next(terms, now),
        Phase::Before(start) if ledger.due(terms, start).is_empty() => ledger.next(terms, start),
        Phase::Before(start) => Some(start),
    };
    next.filter(|next| terms.expires.is_none_or(|expires| *next < expires))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dray_model::advertisement::{Advertisement, Assignment};

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + secs)
    }

    fn advertisement(start: Option<i64>, expires: Option<i64>, assignments: &[Assignment]) -> Advertisement {
        let text = r#"{"format": 1, "name": "a", "revision": 1, "published_at": "2026-01-01T00:00:00Z",
            "terms": {"package": "p", "program": "x", "collection": "c"}}"#;
        let mut advertisement: Advertisement = serde_json::from_str(text).unwrap();
        advertisement.terms.start = start.map(at);
        advertisement.terms.expires = expires.map(at);
        advertisement.terms.assignments = assignments.to_vec();
        advertisement
    }

    #[test]
    fn an_advertisement_is_open_from_its_start_to_its_expiry() {
        let terms = advertisement(Some(10), Some(20), &[]).terms;
        assert_eq!(phase(&terms, at(9)), Phase::Before(at(10)));
        assert_eq!(phase(&terms, at(10)), Phase::Open);
        assert_eq!(phase(&terms, at(19)), Phase::Open);
        assert_eq!(phase(&terms, at(20)), Phase::Over);
        let never = advertisement(Some(20), Some(10), &[]).terms;
        assert_eq!(phase(&never, at(15)), Phase::Over, "it expires before it starts");
    }

    #[test]
    fn an_assignment_before_the_start_comes_due_with_it_and_one_after_the_expiry_never() {
        let due = |start, expires, assignments: &[Assignment]| {
            let advertisement = advertisement(start, expires, assignments);
            next_due(&advertisement.terms, &Ledger::new(&advertisement), at(0))
        };
        let (soon, at_5, at_30) =
            (Assignment::AsSoonAsPossible, Assignment::At { time: at(5) }, Assignment::At { time: at(30) });
        assert_eq!(due(Some(10), None, &[soon]), Some(at(10)));
        assert_eq!(due(Some(10), None, &[at_5, at_30]), Some(at(10)));
        assert_eq!(due(Some(10), None, &[at_30]), Some(at(30)));
        assert_eq!(due(None, None, &[at_5, at_30]), Some(at(5)));
        assert_eq!(due(None, Some(30), &[at_30]), None);
    }
}
