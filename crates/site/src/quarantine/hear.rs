//! Takes down a member that isn't known, once an hour at most.

use dray_model::Name;
use dray_model::api::client::MemberKind;
use dray_store::{StoreError, quarantine};
use dray_trust::certificate::Identity;

use super::MEMBERS_MAX;
use crate::admission::Credential;
use crate::site::Site;
use crate::together::{self, Batch, Together};

/// A member to be taken down, with those that are heard of at the same time.
#[derive(Debug)]
pub(crate) struct Heard(quarantine::Heard);

impl Batch for Heard {
    const MAX: usize = 500;
    type Answer = ();

    fn queue(site: &Site) -> &Together<Self> {
        site.heard()
    }

    async fn write(site: &Site, batch: &[Self]) -> Result<Vec<()>, StoreError> {
        let heard: Vec<_> = batch.iter().map(|heard| heard.0.clone()).collect();
        let mut tx = site.db().write_beside_others().await?;
        quarantine::hear(&mut tx, &heard, MEMBERS_MAX).await?;
        super::measure(quarantine::count(&mut tx).await?);
        tx.commit().await?;
        Ok(vec![(); batch.len()])
    }
}

/// Takes down the owner of a certificate, which calls itself `name`.
pub(crate) async fn hear(site: &Site, credential: &Credential, name: Option<&Name>) -> Result<(), StoreError> {
    let (kind, member) = match &credential.identity {
        Identity::Device(id) => (MemberKind::Device, id.to_string().parse().expect("an id has the form of a name")),
        Identity::Point(name) => (MemberKind::Point, name.clone()),
        Identity::Site => return Ok(()),
    };
    tracing::warn!(%member, name = name.map(Name::as_str), "a device or point enrolled after this copy of the site was made; it is waiting to be accepted");
    let (name, issued_at, seen_at) = (name.cloned(), credential.issued_at, site.now());
    together::write(site, Heard(quarantine::Heard { kind, member, name, issued_at, seen_at })).await
}
