//! Signs a revision and puts it in force, in the change that it belongs to.

use dray_model::Name;
use dray_model::advertisement::{Advertisement, AdvertisementTerms};
use dray_store::advertisement::{self, StoredAdvertisement};
use dray_store::document::{self, NewDocument};
use dray_store::feed::Scope;
use dray_store::{StoreError, collection};
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
    let (format, requires) = (Advertisement::FORMAT, Vec::new());
    let payload = Advertisement { format, name: name.clone(), revision, published_at, requires, terms };
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
    let former = advertisement::find(change, name).await?.map(|former| former.terms.collection);
    let was_reached = reaches(change, &stored.terms.collection).await?;
    advertisement::put(change, &stored).await?;
    for collection in former.iter().filter(|former| **former != stored.terms.collection) {
        concern(change, collection, true).await?;
    }
    concern(change, &stored.terms.collection, was_reached).await?;
    Ok(stored)
}

async fn reaches(change: &mut Change<'_>, collection: &Name) -> Result<bool, StoreError> {
    Ok(!advertisement::of_collection(change, collection).await?.is_empty())
}

/// Members who are offered something for the first time are found by reading them; the others are known.
async fn concern(change: &mut Change<'_>, collection: &Name, was_reached: bool) -> Result<(), StoreError> {
    let Some(number) = collection::number(change, collection).await? else { return Ok(()) };
    change.concerns(if was_reached { Scope::Offers(number) } else { Scope::Members(number) });
    Ok(())
}
