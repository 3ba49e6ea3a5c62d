//! Devices that enrol together: their tokens, names, rows, memberships and audit records in one transaction.

use std::collections::BTreeMap;

use dray_model::facts::Facts;
use dray_model::inventory::Class;
use dray_model::{DeviceId, Name};
use dray_store::{StoreError, device, enrolment};
use serde_json::json;

use super::name;
use crate::actor::Actor;
use crate::change::Change;
use crate::collection::{Placed, place};
use crate::record::Record;
use crate::site::Site;
use crate::together::{Batch, Together};

/// A device whose certificate is issued, to be made a member with others.
#[derive(Debug)]
pub(crate) struct Enrolling {
    /// Number of its enrolment token.
    pub(super) token: i64,
    /// Its id, as in its certificate.
    pub(super) device: DeviceId,
    /// What its name is made of.
    pub(super) host_name: String,
}

impl Batch for Enrolling {
    const MAX: usize = 100;
    /// The device's name; none when its token lets nobody enrol any more.
    type Answer = Option<Name>;

    fn queue(site: &Site) -> &Together<Self> {
        site.enrolling()
    }

    async fn write(site: &Site, batch: &[Self]) -> Result<Vec<Option<Name>>, StoreError> {
        let mut change = site.change_by_devices().await?;
        let lets_in = take_tokens(&mut change, batch).await?;
        let enrolling: Vec<_> =
            batch.iter().zip(&lets_in).filter(|(_, lets_in)| **lets_in).map(|(one, _)| one).collect();
        let mut names = Vec::new().into_iter();
        if !enrolling.is_empty() {
            names = add(change, &enrolling).await?.into_iter();
        }
        Ok(lets_in.iter().map(|lets_in| if *lets_in { names.next() } else { None }).collect())
    }
}

/// Uses the tokens. Those that asked first get in when a token isn't good for all of them.
async fn take_tokens(change: &mut Change<'_>, batch: &[Enrolling]) -> Result<Vec<bool>, StoreError> {
    let mut wanted: BTreeMap<i64, u32> = BTreeMap::new();
    for enrolling in batch {
        *wanted.entry(enrolling.token).or_default() += 1;
    }
    let mut left = BTreeMap::new();
    let now = change.now();
    for (token, wanted) in wanted {
        left.insert(token, enrolment::take(change, token, wanted, now).await?);
    }
    let mut take = |enrolling: &Enrolling| {
        let left = left.get_mut(&enrolling.token)?;
        *left = left.checked_sub(1)?;
        Some(())
    };
    Ok(batch.iter().map(|enrolling| take(enrolling).is_some()).collect())
}

/// Makes the devices members and commits. Returns their names.
async fn add(mut change: Change<'_>, enrolling: &[&Enrolling]) -> Result<Vec<Name>, StoreError> {
    let host_names: Vec<_> = enrolling.iter().map(|one| one.host_name.as_str()).collect();
    let names = name::free(&mut change, &host_names).await?;
    let devices: Vec<_> = enrolling.iter().zip(&names).map(|(one, name)| (one.device, name)).collect();
    let now = change.now();
    device::insert_all(&mut change, &devices, now).await?;
    let facts = Facts::default();
    let placed: Vec<_> = devices.iter().map(|(device, name)| Placed { device: *device, name, facts: &facts }).collect();
    place(&mut change, &placed, &Class::all().collect()).await?;
    let records: Vec<_> = enrolling
        .iter()
        .zip(&names)
        .map(|(one, name)| {
            let detail = json!({ "new": { "id": one.device, "name": name } });
            (Actor::EnrolmentToken(one.token), Record::done(crate::device::object(one.device), "enrol", detail))
        })
        .collect();
    change.commit_of_many(&records).await?;
    Ok(names)
}
