//! Laws of one advertisement's times, against their definition.

use std::collections::BTreeSet;

use dray_model::advertisement::Assignment;
use dray_model::advertisement::Assignment::{AsSoonAsPossible, At};
use dray_model::state::Reason;
use proptest::prelude::*;

use super::*;
use crate::occurrence::Nominal;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_700_000_000 + secs)
}

fn terms(start: Option<i64>, expires: Option<i64>, assignments: &[Assignment]) -> AdvertisementTerms {
    let text = r#"{"package": "p", "program": "x", "collection": "c"}"#;
    let terms: AdvertisementTerms = serde_json::from_str(text).unwrap();
    let assignments = assignments.to_vec();
    AdvertisementTerms { start: start.map(at), expires: expires.map(at), assignments, ..terms }
}

fn of(terms: &AdvertisementTerms) -> Schedule<'_> {
    Schedule::new(terms, &Zone::UTC)
}

fn id(assignment: &Assignment) -> OccurrenceId {
    OccurrenceId(match assignment {
        AsSoonAsPossible => Nominal::AsSoonAsPossible,
        At { time } => Nominal::At { time: *time },
    })
}

fn settled(assignments: &[Assignment]) -> Settled {
    let mut settled = Settled::default();
    settled.settle(assignments.iter().map(id), of(&terms(None, None, assignments)));
    settled
}

#[test]
fn an_advertisement_is_open_from_its_start_to_its_expiry() {
    let both = terms(Some(10), Some(20), &[]);
    assert_eq!(of(&both).phase(at(9)), Phase::Before(at(10)));
    assert_eq!(of(&both).phase(at(10)), Phase::Open);
    assert_eq!(of(&both).phase(at(19)), Phase::Open);
    assert_eq!(of(&both).phase(at(20)), Phase::Over(at(20)));
    let never = terms(Some(20), Some(10), &[]);
    assert_eq!(of(&never).phase(at(15)), Phase::Over(at(10)), "it expires before it starts");
}

#[test]
fn an_assignment_before_the_start_comes_due_with_it_and_one_after_the_expiry_never() {
    let due = |start, expires, assignments: &[Assignment]| {
        of(&terms(start, expires, assignments)).next_due(&Settled::default(), at(0))
    };
    let (at_5, at_30) = (At { time: at(5) }, At { time: at(30) });
    assert_eq!(due(Some(10), None, &[AsSoonAsPossible]), Some(at(10)));
    assert_eq!(due(Some(10), None, &[at_5, at_30]), Some(at(10)));
    assert_eq!(due(Some(10), None, &[at_30]), Some(at(30)));
    assert_eq!(due(None, None, &[at_5, at_30]), Some(at(5)));
    assert_eq!(due(None, Some(30), &[at_30]), None);
}

#[test]
fn missed_assignments_come_due_together() {
    let terms = terms(None, None, &[AsSoonAsPossible, At { time: at(10) }, At { time: at(20) }, At { time: at(30) }]);
    let schedule = of(&terms);
    assert_eq!(schedule.due(&Settled::default(), at(20)).len(), 3);
    assert_eq!(schedule.next_due(&Settled::default(), at(20)), Some(at(30)));
    assert_eq!(schedule.timing(&Settled::default(), at(20)), Timing::Due { since: at(20) });
}

#[test]
fn what_is_done_with_is_kept_while_the_terms_hold_it_and_does_not_grow_without_end() {
    let kept = At { time: at(0) };
    let mut settled = Settled::default();
    for n in 0..600 {
        let terms = terms(None, None, &[kept, At { time: at(n) }]);
        settled.settle(of(&terms).due(&settled, at(600)), of(&terms));
    }
    assert_eq!(serde_json::to_value(&settled).unwrap().as_array().unwrap().len(), Settled::MAX);
    assert!(settled.contains(id(&kept)) && settled.contains(id(&At { time: at(599) })));
    assert!(!settled.contains(id(&At { time: at(1) })));
}

#[test]
fn occurrences_are_kept_as_what_was_written() {
    let json = serde_json::to_value(settled(&[AsSoonAsPossible, At { time: at(0) }])).unwrap();
    let expected = serde_json::json!([{"kind": "as_soon_as_possible"}, {"kind": "at", "time": "2023-11-14T22:13:20Z"}]);
    assert_eq!(json, expected);
    assert_eq!(serde_json::from_value::<Settled>(json).unwrap(), settled(&[AsSoonAsPossible, At { time: at(0) }]));
}

fn assignments() -> impl Strategy<Value = Vec<Assignment>> {
    let one = prop_oneof![Just(AsSoonAsPossible), (0..60_i64).prop_map(|secs| At { time: at(secs) })];
    proptest::collection::vec(one, 0..6)
}

fn instant() -> impl Strategy<Value = Option<i64>> {
    proptest::option::of(0..60_i64)
}

proptest! {
    /// A walk over every second says the same as the closed answers.
    #[test]
    fn the_next_instant_is_the_first_second_at_which_more_is_due(
        (start, expires, assignments, done) in (instant(), instant(), assignments(), assignments()), now in -5..65_i64,
    ) {
        let (terms, settled) = (terms(start, expires, &assignments), settled(&done));
        let schedule = of(&terms);
        let due = |secs: i64| -> BTreeSet<OccurrenceId> {
            let is_open = start.is_none_or(|start| secs >= start) && expires.is_none_or(|expires| secs < expires);
            let has_come = |one: &&Assignment| match one {
                AsSoonAsPossible => true,
                At { time } => *time <= at(secs),
            };
            let come = assignments.iter().filter(|_| is_open).filter(has_come).map(id);
            come.filter(|one| !settled.contains(*one)).collect()
        };
        prop_assert_eq!(schedule.due(&settled, at(now)), due(now));
        let walked = (now + 1..70).find(|secs| !due(*secs).is_subset(&due(*secs - 1)));
        prop_assert_eq!(schedule.next_due(&settled, at(now)), walked.map(at));
        prop_assert_eq!(schedule.next_after(at(now)).map(|next| next.start), schedule.next_due(&Settled::default(), at(now)));
        let timing = schedule.timing(&settled, at(now));
        prop_assert_eq!(timing.obstacle().is_none(), !due(now).is_empty());
        if let Some((_, reason)) = timing.obstacle() {
            let next = (now + 1..70).find(|secs| schedule.phase(at(*secs)) == Phase::Open && !due(*secs).is_empty());
            let is_not_due = reason == Reason::NotAssignedYet;
            prop_assert!(!is_not_due || timing.next() == next.map(at));
        }
    }

    #[test]
    fn next_is_strictly_later_and_goes_on(
        (start, expires, assignments) in (instant(), instant(), assignments()), now in -5..65_i64,
    ) {
        let terms = terms(start, expires, &assignments);
        if let Some(next) = of(&terms).next_after(at(now)) {
            prop_assert!(next.start > at(now));
            prop_assert!(of(&terms).next_after(next.start).is_none_or(|later| later.start > next.start));
            prop_assert_eq!(of(&terms).next_after(next.start - std::time::Duration::from_micros(1)), Some(next));
        }
    }
}
