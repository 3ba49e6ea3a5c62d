//! Laws of kept facts, on both engines.

use super::*;
use crate::device;
use crate::testing::each_engine;

pub(crate) fn id() -> DeviceId {
    DeviceId::from_random(7)
}

async fn add_device(tx: &mut WriteTx) {
    device::insert(tx, id(), &"pc".parse().unwrap(), Timestamp::from_secs(1)).await.unwrap();
}

pub(crate) fn facts() -> Facts {
    let software = |name: &str, version: &str| Software { name: name.into(), version: version.into() };
    Facts {
        platform: "linux".into(),
        os_name: Some("debian".into()),
        os_version: None,
        architecture: "x86_64".into(),
        host_name: "é'\"".into(),
        memory_bytes: Some(u64::MAX),
        processors: Some(4),
        agent_version: "0.1.0".into(),
        disks: vec![Disk { mount: "/".into(), size_bytes: 100, free_bytes: 50 }],
        addresses: vec![
            Address { interface: "eth0".into(), ip: "10.1.2.3".into(), prefix: 24 },
            Address { interface: "tun0".into(), ip: "?".into(), prefix: 0 },
        ],
        software: vec![software("vim", "9"), software("libc6", "2.36"), software("libc6", "2.36")],
    }
}

#[test]
fn facts_read_back_in_their_order() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        add_device(&mut tx).await;
        assert_eq!(find(&mut tx, id()).await.unwrap(), None);
        assert_eq!(digests(&mut tx, id()).await.unwrap(), None);
        let rows = FactRows::from(&facts());
        let new = FactDigests::of(&rows);
        replace(&mut tx, id(), &rows, &new, &new.changed(None), Timestamp::from_secs(2)).await.unwrap();
        assert_eq!(find(&mut tx, id()).await.unwrap(), Some(rows.clone()));
        assert_eq!(digests(&mut tx, id()).await.unwrap(), Some(new));
        let expected = Facts { memory_bytes: Some(i64::MAX as u64), ..facts() };
        assert_eq!(to_facts(rows), expected);
        let found = device::find(&mut tx, id()).await.unwrap().unwrap();
        assert_eq!(found.facts_at, Some(Timestamp::from_secs(2)));
    });
}

#[test]
fn only_classes_that_changed_are_replaced() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        add_device(&mut tx).await;
        let former = FactRows::from(&facts());
        let first = FactDigests::of(&former);
        replace(&mut tx, id(), &former, &first, &first.changed(None), Timestamp::from_secs(2)).await.unwrap();
        let rows = FactRows { disks: Vec::new(), ..former };
        let second = FactDigests::of(&rows);
        let changed = second.changed(Some(&first));
        assert_eq!(changed, BTreeSet::from([Class::Disks]));
        replace(&mut tx, id(), &rows, &second, &changed, Timestamp::from_secs(3)).await.unwrap();
        assert_eq!(find(&mut tx, id()).await.unwrap(), Some(rows));
        assert!(second.changed(digests(&mut tx, id()).await.unwrap().as_ref()).is_empty());
    });
}

#[test]
fn facts_go_with_their_device() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        add_device(&mut tx).await;
        let rows = FactRows::from(&facts());
        let new = FactDigests::of(&rows);
        replace(&mut tx, id(), &rows, &new, &new.changed(None), Timestamp::from_secs(2)).await.unwrap();
        device::delete(&mut tx, id()).await.unwrap();
        add_device(&mut tx).await;
        assert_eq!(find(&mut tx, id()).await.unwrap(), None);
    });
}
