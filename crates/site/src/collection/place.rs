//! Puts devices into the collections that they belong to, when they enrolled or some of their facts changed.

use std::collections::BTreeSet;

use dray_model::facts::Facts;
use dray_model::inventory::Class;
use dray_model::{DeviceId, Name};
use dray_store::StoreError;
use dray_store::collection::{self, Membership, Rule};

use crate::change::Change;

/// A device that is to be placed, by what it reported.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed<'a> {
    /// The device.
    pub(crate) device: DeviceId,
    /// Its name.
    pub(crate) name: &'a Name,
    /// Its facts.
    pub(crate) facts: &'a Facts,
}

/// Makes the devices members where their facts are meant, in the collections that ask for one of `classes`; with all classes, in all
/// collections. Devices whose offers change because of it are concerned. A few statements, whatever the number of devices; O(devices
/// × rules that are touched).
pub(crate) async fn place(
    change: &mut Change<'_>,
    devices: &[Placed<'_>],
    classes: &BTreeSet<Class>,
) -> Result<(), StoreError> {
    let ids = devices.iter().map(|placed| placed.device).collect();
    let touched = collection::touched(change, &ids, classes).await?;
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for Placed { device, name, facts } in devices.iter().copied() {
        let member_of = touched.member_of.get(&device);
        for (collection, rules) in &touched.rules {
            let meant = rules.iter().any(|rule| match rule {
                Rule::AllDevices => true,
                Rule::Direct(direct) => *direct == device,
                Rule::Query(query) => query.matches(facts, name.as_str()),
            });
            let membership = Membership { collection: *collection, device };
            match (meant, member_of.is_some_and(|collections| collections.contains(collection))) {
                (true, false) => added.push(membership),
                (false, true) => removed.push(membership),
                _ => {}
            }
        }
    }
    if added.is_empty() && removed.is_empty() {
        return Ok(());
    }
    collection::change_members(change, &added, &removed).await?;
    added.extend(removed);
    change.concerns_members(&added).await
}
