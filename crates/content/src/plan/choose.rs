//! Which way to begin: with one of the updates that are offered, or with the manifest.

use std::collections::BTreeSet;

use dray_model::Digest;

use crate::tree::Tree;

/// An update that is available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// The content digest of the tree that must be held.
    pub from: Digest,
    /// Bytes that travel in all: the update object and what is fetched from packs.
    pub bytes: u64,
}

/// The number of the offer that takes the fewest bytes, of those for a tree in `held`; the empty tree is held by everybody. `None`
/// when there is none, or when the manifest is known to take no more: `by_manifest_bytes` is what it takes in all, chunks included.
///
/// Of equal offers the first is taken, so that the same input always gives the same answer.
#[must_use]
pub fn choose(offers: &[Offer], held: &BTreeSet<Digest>, by_manifest_bytes: Option<u64>) -> Option<usize> {
    let empty = Tree::default().digest();
    let usable = offers.iter().enumerate().filter(|(_, offer)| offer.from == empty || held.contains(&offer.from));
    let (number, best) = usable.min_by_key(|(_, offer)| offer.bytes)?;
    by_manifest_bytes.is_none_or(|bytes| best.bytes < bytes).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tree(number: u8) -> Digest {
        if number == 0 { Tree::default().digest() } else { Digest::of(&[number]) }
    }

    proptest! {
        #[test]
        fn what_is_chosen_is_the_cheapest_that_can_be_used(
            offers in proptest::collection::vec((0u8..4, 0u64..100), 0..8),
            held in proptest::collection::btree_set(1u8..4, 0..3),
            by_manifest in proptest::option::of(0u64..100),
        ) {
            let offer = |(from, bytes): &(u8, u64)| Offer { from: tree(*from), bytes: *bytes };
            let can_be_used = |from: u8| from == 0 || held.contains(&from);
            let costs = offers.iter().filter(|(from, _)| can_be_used(*from)).map(|(_, bytes)| *bytes);
            let cheapest = costs.min().filter(|cost| by_manifest.is_none_or(|bytes| *cost < bytes));
            let given: Vec<Offer> = offers.iter().map(offer).collect();
            let chosen = choose(&given, &held.iter().map(|number| tree(*number)).collect(), by_manifest);
            prop_assert_eq!(chosen.map(|number| given[number].bytes), cheapest);
            prop_assert!(chosen.is_none_or(|number| can_be_used(offers[number].0)));
        }
    }

    #[test]
    fn of_equal_offers_the_first_is_taken() {
        let offer = Offer { from: tree(0), bytes: 7 };
        assert_eq!(choose(&[offer, offer], &BTreeSet::new(), None), Some(0));
        assert_eq!(choose(&[offer], &BTreeSet::new(), Some(7)), None);
    }
}
