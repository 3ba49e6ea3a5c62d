//! What is advertised, by collection, as it was at one policy generation.

use std::collections::HashMap;

use dray_model::Name;
use dray_model::policy::PolicyEntry;
use dray_store::advertisement::{self, Offer};
use dray_store::{Snapshot, StoreError};

/// What is advertised to each collection.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The generation that it was read at; none before the first read.
    pub(super) generation: Option<i64>,
    by_collection: HashMap<Name, Vec<Offer>>,
}

impl Index {
    /// What is advertised as `snapshot` sees it, which is at `generation`.
    pub(super) async fn read(snapshot: &mut Snapshot, generation: i64) -> Result<Self, StoreError> {
        let mut by_collection: HashMap<Name, Vec<Offer>> = HashMap::new();
        for offer in advertisement::offers(snapshot).await? {
            by_collection.entry(offer.collection.clone()).or_default().push(offer);
        }
        Ok(Self { generation: Some(generation), by_collection })
    }

    /// What a member of the collections gets, by advertisement name.
    pub(super) fn entries(&self, collections: &[Name]) -> Vec<PolicyEntry> {
        let mut offers: Vec<&Offer> =
            collections.iter().filter_map(|collection| self.by_collection.get(collection)).flatten().collect();
        offers.sort_by(|a, b| a.name.cmp(&b.name));
        let entry = |offer: &Offer| PolicyEntry { advertisement: offer.advertisement, release: offer.release };
        offers.into_iter().map(entry).collect()
    }
}
