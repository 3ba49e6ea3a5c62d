//! Where the point is with each content, in the words of its reports.

use std::collections::{BTreeMap, HashMap};

use dray_content::ObjectName;
use dray_model::point::PointContentState;
use dray_model::{Digest, Timestamp};

use super::reconcile::WantedContent;
use crate::folder::Inventory;

/// Where the point is with all that it is to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standings {
    /// By content.
    pub(crate) contents: BTreeMap<Digest, PointContentState>,
    /// Objects that are here.
    pub(crate) objects: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
}

/// The objects that a content is made of, with their lengths.
pub(super) type Way = BTreeMap<ObjectName, u64>;

/// A try that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) reason: String,
    pub(super) next_try: Timestamp,
}

/// The state of one content: it is made of the objects `way`, if there are such, the objects `under_way` have so many bytes already, the
/// last try of others came to a failure.
pub(super) fn state_of(
    wanted: &WantedContent,
    way: Option<&Way>,
    held: &Inventory,
    under_way: &HashMap<ObjectName, u64>,
    failures: &HashMap<ObjectName, Failure>,
) -> PointContentState {
    if wanted.is_complete() {
        let verified = wanted.objects.keys().filter_map(|object| held.get(object)).map(|held| held.verified_at);
        return PointContentState::Installed { verified_at: verified.max().unwrap_or(Timestamp::from_secs(0)) };
    }
    if let Some(way) = way {
        let bytes_here = |object| held.get(object).map(|held| held.bytes).or_else(|| under_way.get(object).copied());
        let here: Vec<u64> = way.keys().filter_map(bytes_here).collect();
        let (done_bytes, total_bytes) = (here.iter().sum::<u64>(), way.values().sum());
        return match here[..] {
            [] => PointContentState::Pending,
            _ => PointContentState::Transferring { done_bytes: done_bytes.min(total_bytes), total_bytes },
        };
    }
    let coming: Vec<u64> = wanted.missing.iter().filter_map(|object| under_way.get(object)).copied().collect();
    if !coming.is_empty() {
        let done_bytes = wanted.held_bytes() + coming.iter().sum::<u64>();
        let total_bytes = wanted.total_bytes();
        return PointContentState::Transferring { done_bytes: done_bytes.min(total_bytes), total_bytes };
    }
    let failed = wanted.objects.keys().filter_map(|object| failures.get(object));
    match failed.min_by_key(|failure| failure.next_try) {
        Some(Failure { reason, next_try }) => PointContentState::Failed { reason: reason.clone(), next_try: *next_try },
        None => PointContentState::Pending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::HeldObject;

    fn object(number: u8) -> ObjectName {
        ObjectName::Pack(Digest::of(&[number]))
    }

    fn wanted(missing: &[u8]) -> WantedContent {
        let objects = [(object(1), 10), (object(2), 20)].into();
        let missing = missing.iter().map(|number| object(*number)).collect();
        WantedContent { objects, missing, ..WantedContent::default() }
    }

    fn held() -> Inventory {
        let held = |bytes, secs| HeldObject { bytes, verified_at: Timestamp::from_secs(secs) };
        [(object(1), held(10, 5)), (object(2), held(20, 7))].into()
    }

    #[test]
    fn complete_content_is_installed_since_its_last_object_was_verified() {
        let state = state_of(&wanted(&[]), None, &held(), &HashMap::new(), &HashMap::new());
        assert_eq!(state, PointContentState::Installed { verified_at: Timestamp::from_secs(7) });
    }

    #[test]
    fn a_transfer_counts_what_is_here_and_what_is_coming() {
        let under_way = [(object(2), 5)].into();
        let state = state_of(&wanted(&[2]), None, &held(), &under_way, &HashMap::new());
        assert_eq!(state, PointContentState::Transferring { done_bytes: 15, total_bytes: 30 });
    }

    #[test]
    fn a_content_that_is_made_counts_what_it_is_made_of() {
        let way = [(object(3), 100), (object(4), 50)].into();
        let state = |held: &Inventory, under_way: &HashMap<ObjectName, u64>| {
            state_of(&wanted(&[1, 2]), Some(&way), held, under_way, &HashMap::new())
        };
        let here = HeldObject { bytes: 100, verified_at: Timestamp::from_secs(0) };
        let transferring = |done_bytes| PointContentState::Transferring { done_bytes, total_bytes: 150 };
        assert_eq!(state(&Inventory::new(), &HashMap::new()), PointContentState::Pending);
        assert_eq!(state(&Inventory::new(), &[(object(3), 30)].into()), transferring(30));
        assert_eq!(state(&[(object(3), here)].into(), &[(object(4), 7)].into()), transferring(107));
    }

    #[test]
    fn a_failure_tells_the_earliest_next_try_and_only_while_nothing_moves() {
        let failure = |secs: i64| Failure { reason: format!("r{secs}"), next_try: Timestamp::from_secs(secs) };
        let failures = [(object(1), failure(9)), (object(2), failure(8))].into();
        let state = state_of(&wanted(&[1, 2]), None, &Inventory::new(), &HashMap::new(), &failures);
        assert_eq!(state, PointContentState::Failed { reason: "r8".to_owned(), next_try: Timestamp::from_secs(8) });
        let state = state_of(&wanted(&[1, 2]), None, &Inventory::new(), &[(object(1), 0)].into(), &failures);
        assert!(matches!(state, PointContentState::Transferring { .. }));
    }
}
