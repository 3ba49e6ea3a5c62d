//! Laws of kept facts, on both engines.

use dray_model::Timestamp;
use dray_model::facts::{Facts, Table, Value};
use dray_model::inventory::Kind;
use dray_model::{class, property};

use super::*;
use crate::db::WriteTx;
use crate::device;
use crate::testing::each_engine;

pub(crate) fn id() -> DeviceId {
    DeviceId::from_random(7)
}

/// Reports facts for a device whatever is kept of it.
pub(crate) async fn report(tx: &mut WriteTx, device: DeviceId, facts: &Facts, at: Timestamp) {
    let digests = kept(tx, &[device]).await.unwrap().remove(&device).and_then(|kept| kept.digests);
    let taken = replace(tx, &[Report::new(device, facts, digests)], at).await.unwrap();
    assert_eq!(taken, [device].into());
}

async fn add_device(tx: &mut WriteTx, device: DeviceId, name: &str) {
    device::insert(tx, device, &name.parse().unwrap(), Timestamp::from_secs(1)).await.unwrap();
}

/// Facts of every class, with every property in the first row and every other one in the second.
pub(crate) fn facts() -> Facts {
    let value = |kind| match kind {
        Kind::Text => Value::from("é'\"\\"),
        Kind::Integer => u64::MAX.into(),
        Kind::Version => "1:2.36-9+deb12u10".into(),
        Kind::Ip => "fe80::1".into(),
    };
    Class::all().fold(Facts::default(), |facts, class| {
        let mut table = Table::new(class);
        table.push(class.facts().map(|property| (property, Some(value(property.kind())))));
        if class.is_list() {
            let is_known = |at: usize| at % 2 == 1;
            let row = class.facts().enumerate();
            table.push(row.map(|(at, property)| (property, is_known(at).then(|| value(property.kind())))));
        }
        facts.with(table)
    })
}

fn disks(mounts: &[&str]) -> Table {
    let mount = |table: Table, mount: &&str| table.with([(property!("disks.mount"), (*mount).into())]);
    mounts.iter().fold(Table::new(class!("disks")), mount)
}

#[test]
fn facts_read_back_in_their_order() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        assert!(kept(&mut tx, &[id()]).await.unwrap().is_empty());
        add_device(&mut tx, id(), "pc").await;
        assert_eq!(find(&mut tx, id()).await.unwrap(), None);
        let before = kept(&mut tx, &[id()]).await.unwrap().remove(&id()).unwrap();
        assert_eq!((before.name.as_str(), before.is_enrolled, &before.digests), ("pc", true, &None));
        report(&mut tx, id(), &facts(), Timestamp::from_secs(2)).await;
        assert_eq!(find(&mut tx, id()).await.unwrap(), Some(facts()));
        let after = kept(&mut tx, &[id()]).await.unwrap().remove(&id()).unwrap();
        assert_eq!(after.digests, Some(FactDigests::of(&facts())));
        let found = device::find(&mut tx, id()).await.unwrap().unwrap();
        assert_eq!(found.facts_at, Some(Timestamp::from_secs(2)));
    });
}

#[test]
fn only_what_changed_counts_as_changed() {
    let nothing = Facts::default();
    let first = Report::new(id(), &nothing, None);
    assert!(first.is_news() && first.changed().is_empty(), "nothing known is the same as nothing reported");
    let facts = facts();
    let all = Report::new(id(), &facts, None);
    assert_eq!(all.changed(), Class::all().collect());
    let without = facts.clone().with(Table::new(class!("disks")));
    let less = Report::new(id(), &without, Some(all.digests.clone()));
    assert_eq!(less.changed(), [class!("disks")].into());
    assert!(!Report::new(id(), &facts, Some(all.digests)).is_news());
}

#[test]
fn a_list_is_replaced_by_the_new_one_and_others_stay() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        add_device(&mut tx, id(), "pc").await;
        let mut facts = facts();
        for mounts in [&["/", "/home"][..], &[], &["/srv"], &["/srv", "/", "/"]] {
            facts.set(disks(mounts));
            report(&mut tx, id(), &facts, Timestamp::from_secs(2)).await;
            assert_eq!(find(&mut tx, id()).await.unwrap().as_ref(), Some(&facts));
        }
    });
}

#[test]
fn many_devices_report_at_once() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let ids: Vec<_> = (1..=5).map(DeviceId::from_random).collect();
        for (number, id) in ids.iter().enumerate() {
            add_device(&mut tx, *id, &format!("pc-{number}")).await;
        }
        let old = facts().with(disks(&["/old"]));
        report(&mut tx, ids[1], &old, Timestamp::from_secs(2)).await;
        device::revoke(&mut tx, ids[2], Timestamp::from_secs(2)).await.unwrap();
        let kept = kept(&mut tx, &ids).await.unwrap();
        assert!(!kept[&ids[2]].is_enrolled);
        let all: Vec<_> = ["/a", "/b", "/c", "/d", "/e"].iter().map(|mount| facts().with(disks(&[mount]))).collect();
        let mut reports: Vec<_> =
            ids.iter().zip(&all).map(|(id, facts)| Report::new(*id, facts, kept[id].digests.clone())).collect();
        // Other facts came in between.
        reports[3].kept = Some(FactDigests::of(&old));
        let taken = replace(&mut tx, &reports, Timestamp::from_secs(3)).await.unwrap();
        assert_eq!(taken, [ids[0], ids[1], ids[4]].into());
        for (id, facts) in ids.iter().zip(&all) {
            let expected = taken.contains(id).then_some(facts);
            assert_eq!(find(&mut tx, *id).await.unwrap().as_ref(), expected);
        }
    });
}

#[test]
fn facts_go_with_their_device() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        add_device(&mut tx, id(), "pc").await;
        report(&mut tx, id(), &facts(), Timestamp::from_secs(2)).await;
        device::delete(&mut tx, id()).await.unwrap();
        add_device(&mut tx, id(), "pc").await;
        assert_eq!(find(&mut tx, id()).await.unwrap(), None);
        report(&mut tx, id(), &facts(), Timestamp::from_secs(2)).await;
        assert_eq!(find(&mut tx, id()).await.unwrap(), Some(facts()));
    });
}
