//! Signs a revision and puts it in force, in the change that it belongs to.

use dray_model::Name;
use dray_model::advertisement::{Advertisement, AdvertisementTerms};
use dray_store::advertisement::{self, StoredAdvertisement};
use dray_store::document::{self, NewDocument};
use dray_trust::{Role, seal_document};

use super::AdvertisementError;
use crate::change::Change;

/// The word in the database for documents of this kind.
const ROLE: &str = "advertisement";

/// Publishes the terms as the next revision of `name`. Clients hear of it after the commit.
pub(super) async fn publish(
    change: &mut Change<'_>,
    name: &Name,
    terms: AdvertisementTerms,
) -> Result<StoredAdvertisement, AdvertisementError> {
    let last = advertisement::last_revision(change, name).await?;
    let revision = last.checked_add(1).ok_or_else(|| AdvertisementError::Revisions(name.clone()))?;
    let published_at = change.now();
    let payload = Advertisement { format: Advertisement::FORMAT, name: name.clone(), revision, published_at, terms };
    let key = change.site().keys().signing(Role::Advertisement);
    let sealed = seal_document(Role::Advertisement, &payload, &[key])
        .map_err(|source| AdvertisementError::Document { name: name.clone(), source })?;
    let new = NewDocument { digest: sealed.digest, role: ROLE, envelope: &sealed.bytes, created_at: published_at };
    document::insert(change, &new).await?;
    let stored = StoredAdvertisement {
        name: payload.name,
        revision,
        document: sealed.digest,
        terms: payload.terms,
        published_at,
    };
    advertisement::put(change, &stored).await?;
    change.raise_generation().await?;
    Ok(stored)
}
