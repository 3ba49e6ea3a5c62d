//! Puts one device into the collections that it belongs to, when it enrolled or some of its facts changed.

use std::collections::BTreeSet;

use dray_model::facts::Facts;
use dray_model::inventory::Class;
use dray_model::{DeviceId, Name};
use dray_store::StoreError;
use dray_store::collection::{self, Rule};

use crate::change::Change;

/// Makes the device a member where its facts are meant, in the collections that ask for one of `classes`; with all classes, in all
/// collections.
pub(crate) async fn place(
    change: &mut Change<'_>,
    device: DeviceId,
    name: &Name,
    facts: &Facts,
    classes: &BTreeSet<Class>,
) -> Result<(), StoreError> {
    let touched = collection::touched(change, device, classes).await?;
    let (mut add, mut remove) = (BTreeSet::new(), BTreeSet::new());
    for (id, rules) in &touched.rules {
        let meant = rules.iter().any(|rule| match rule {
            Rule::AllDevices => true,
            Rule::Direct(direct) => *direct == device,
            Rule::Query(query) => query.matches(facts, name.as_str()),
        });
        match (meant, touched.member_of.contains(id)) {
            (true, false) => add.insert(*id),
            (false, true) => remove.insert(*id),
            _ => false,
        };
    }
    if add.is_empty() && remove.is_empty() {
        return Ok(());
    }
    collection::change_device(change, device, &add, &remove).await?;
    let moved: Vec<i64> = add.union(&remove).copied().collect();
    change.concerns_member(device, &moved).await
}
