//! What is advertised, by collection, as it was after one change.

use std::collections::HashMap;

use dray_model::policy::PolicyEntry;
use dray_store::advertisement::{self, Offer};
use dray_store::feed::Sequences;
use dray_store::{Snapshot, StoreError};

/// What is advertised to each collection.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The newest change to offers that it takes account of; none before the first read.
    offers: Option<i64>,
    by_collection: HashMap<i64, Vec<Offer>>,
}

impl Index {
    /// What is advertised as `snapshot` sees it. O(advertisements).
    pub(super) async fn read(snapshot: &mut Snapshot, sequences: Sequences) -> Result<Self, StoreError> {
        let mut by_collection: HashMap<i64, Vec<Offer>> = HashMap::new();
        for offer in advertisement::offers(snapshot).await? {
            by_collection.entry(offer.collection).or_default().push(offer);
        }
        Ok(Self { offers: Some(sequences.offers), by_collection })
    }

    /// Whether it says what a snapshot at these sequences says.
    pub(super) fn is_of(&self, sequences: Sequences) -> bool {
        self.offers == Some(sequences.offers)
    }

    /// Whether it takes account of a change that came later.
    pub(super) fn is_newer_than(&self, sequences: Sequences) -> bool {
        self.offers.is_some_and(|offers| offers > sequences.offers)
    }

    /// What a member of the collections gets, by advertisement name.
    pub(super) fn entries(&self, collections: &[i64]) -> Vec<PolicyEntry> {
        let mut offers: Vec<&Offer> =
            collections.iter().filter_map(|collection| self.by_collection.get(collection)).flatten().collect();
        offers.sort_by(|a, b| a.name.cmp(&b.name));
        let entry = |offer: &Offer| PolicyEntry::new(offer.name.clone(), offer.advertisement, offer.release);
        offers.into_iter().map(entry).collect()
    }
}
