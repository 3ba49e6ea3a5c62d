//! Laws of bringing objects back.

use std::fs;

use dray_model::access::PredefinedRole;
use dray_model::api::content::DamageState;

use super::*;
use crate::content::{damage as damages, objects};
use crate::package::tests::{admin, name, published};
use crate::testing;

async fn bring(site: &Site, actor: &Actor, object: &ObjectName, bytes: &[u8]) -> Result<(), ContentError> {
    let pieces: Vec<_> = bytes.chunks(100_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    restore(site, actor, object, futures_util::stream::iter(pieces)).await
}

#[tokio::test]
async fn only_what_is_known_to_be_damaged_is_taken_and_only_its_own_bytes() {
    let (test, ..) = published().await;
    let site = &test.site;
    let all = objects(site, &admin(), &name("zip"), Some(1)).await.unwrap();
    let object: ObjectName = all.objects[0].object.parse().unwrap();
    let path = site.dir().join("content").join(object.to_string());
    let good = fs::read(&path).unwrap();
    let unasked = bring(site, &admin(), &object, &good).await;
    assert!(matches!(unasked, Err(ContentError::NotDamaged(_))), "{unasked:?}");
    let unknown = ObjectName::Pack(Digest::of(b"mine"));
    assert!(matches!(bring(site, &admin(), &unknown, b"mine").await, Err(ContentError::NotDamaged(_))));

    fs::write(&path, b"bad").unwrap();
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Content)).await.unwrap();
    let now = change.now();
    damage::note_bad(&mut change, &object.to_string(), DamageState::Damaged, "it is bad", now).await.unwrap();
    change.commit_unrecorded().await.unwrap();
    assert!(matches!(bring(site, &admin(), &object, &good[1..]).await, Err(ContentError::OtherBytes(_))));
    let broken = futures_util::stream::iter([Err(std::io::Error::other("the line broke"))]);
    assert!(matches!(restore(site, &admin(), &object, broken).await, Err(ContentError::Broken(..))));
    assert_eq!(fs::read(&path).unwrap(), b"bad", "nothing took its place");
    let denied = bring(site, &testing::actor(PredefinedRole::Publisher), &object, &good).await;
    assert!(matches!(denied, Err(ContentError::Site(crate::SiteError::Denied { .. }))));
    bring(site, &admin(), &object, &good).await.unwrap();
    assert!(fs::read(&path).unwrap() == good);
    assert_eq!(damages(site, &admin()).await.unwrap().objects, []);
    assert_eq!(fs::read_dir(site.dir().join("receiving")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_version_names_its_objects_each_after_what_it_needs() {
    let (test, ..) = published().await;
    let all = objects(&test.site, &admin(), &name("zip"), None).await.unwrap();
    let kinds: Vec<_> = all.objects.iter().map(|object| object.object.split('/').next().unwrap()).collect();
    assert_eq!((all.source_version, kinds.as_slice()), (1, ["packs", "manifests"].as_slice()));
    for (package, version) in [("zip", Some(2)), ("other", None)] {
        let absent = objects(&test.site, &admin(), &name(package), version).await;
        assert!(matches!(absent, Err(ContentError::NoVersion { .. })), "{absent:?}");
    }
    let reader = objects(&test.site, &testing::actor(PredefinedRole::Reader), &name("zip"), None).await;
    assert!(matches!(reader, Err(ContentError::Site(crate::SiteError::Denied { .. }))));
}
