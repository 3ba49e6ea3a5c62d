//! Laws of looking after the content store: what is damaged is noticed, named, and made again as far as its digest proves it.

use std::fs;
use std::path::{Path, PathBuf};

use dray_content::Manifest;
use dray_model::access::PredefinedRole;
use dray_model::api::content::DamagedObject;
use dray_store::content::update;

use super::*;
use crate::content::{Improve, Sweep, damage as damages, load, upload};
use crate::package::tests::{admin, name, noise, publish, published, put_on_a_point};
use crate::package::{delete, find};
use crate::testing;

async fn look(site: &Site) -> Vec<DamagedObject> {
    verify(site, &admin()).await.unwrap();
    Verify.run(site, Nothing {}, &Progress::default()).await.unwrap();
    damages(site, &admin()).await.unwrap().objects
}

fn objects(site: &Site, kind: &str) -> Vec<PathBuf> {
    fs::read_dir(site.dir().join("content").join(kind)).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn object_name(path: &Path) -> String {
    let kind = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
    format!("{kind}/{}", path.file_name().unwrap().to_str().unwrap())
}

fn flip(path: &Path) -> Vec<u8> {
    let good = fs::read(path).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    fs::write(path, bad).unwrap();
    good
}

/// The second version of the package, of which the store holds the update from the first.
async fn publish_second(site: &Site, folder: &Path) {
    let mut bytes = noise(1, 3_000_000);
    bytes[1_500_000..1_502_000].copy_from_slice(&noise(7, 2000));
    fs::write(folder.join("noise"), bytes).unwrap();
    publish(site).await.unwrap();
}

async fn newest(site: &Site) -> (dray_model::Digest, Manifest) {
    let release = find(site, &admin(), &name("zip")).await.unwrap().release.unwrap();
    let content = release.content.unwrap().digest;
    (content, load(site, content, release.manifest.unwrap()).await.unwrap())
}

#[tokio::test]
async fn a_whole_store_is_read_once_and_nothing_is_noted() {
    let (test, ..) = published().await;
    assert_eq!(look(&test.site).await, []);
    let work = Work::find(&test.site).await.unwrap();
    let read = work.read(&test.site, &Progress::default()).await.unwrap();
    assert_eq!(read.objects, 0, "everything was read just now");
}

#[tokio::test]
async fn each_object_that_is_flipped_cut_or_gone_is_made_again_from_the_source() {
    let (test, folder, _) = published().await;
    let site = &test.site;
    fs::write(folder.join("added"), noise(7, 200_000)).unwrap();
    publish(site).await.unwrap();
    let (_, manifest) = newest(site).await;
    let of_newest = manifest.packs().iter().map(|pack| site.dir().join(format!("content/packs/{}", pack.digest)));
    let newest = find(site, &admin(), &name("zip")).await.unwrap().release.unwrap().manifest.unwrap();
    let mut paths: Vec<_> = of_newest.collect();
    paths.push(site.dir().join(format!("content/manifests/{newest}")));
    assert!(paths.len() >= 3, "two packs and a manifest");
    for path in paths {
        let good = flip(&path);
        assert_eq!(look(site).await, [], "{}", path.display());
        assert!(fs::read(&path).unwrap() == good);
        fs::write(&path, &good[..good.len() - 1]).unwrap();
        assert_eq!(look(site).await, []);
        assert!(fs::read(&path).unwrap() == good);
        fs::remove_file(&path).unwrap();
        assert_eq!(look(site).await, []);
        assert!(fs::read(&path).unwrap() == good);
    }
}

#[tokio::test]
async fn what_cannot_be_made_again_is_named_left_alone_and_forgotten_when_it_is_brought_back() {
    let (test, folder, _) = published().await;
    let site = &test.site;
    fs::remove_dir_all(&folder).unwrap();
    let pack = objects(site, "packs").remove(0);
    let good = flip(&pack);
    let bad = fs::read(&pack).unwrap();
    let found = look(site).await;
    assert_eq!((found[0].object.as_str(), found[0].state), (object_name(&pack).as_str(), DamageState::Damaged));
    assert_eq!(found[0].needed_by, ["zip@1"]);
    let hint = found[0].hint.as_deref().unwrap();
    assert!(hint.contains("1 chunk of it") && hint.contains("dray content import"), "{hint}");
    assert!(fs::read(&pack).unwrap() == bad);
    fs::remove_file(&pack).unwrap();
    let gone = look(site).await;
    assert_eq!((gone[0].state, gone[0].found_at), (DamageState::Missing, found[0].found_at));
    fs::write(&pack, good).unwrap();
    assert_eq!(look(site).await, []);
}

#[tokio::test]
async fn a_manifest_whose_files_changed_since_is_named_with_what_to_do() {
    let (test, folder, _) = published().await;
    let manifest = objects(&test.site, "manifests").remove(0);
    let good = flip(&manifest);
    fs::write(folder.join("noise"), b"other").unwrap();
    let found = look(&test.site).await;
    let hint = found[0].hint.as_deref().unwrap();
    assert!(hint.contains("have changed") && found[0].needed_by == ["zip@1"], "{found:?}");
    fs::write(folder.join("noise"), noise(1, 3_000_000)).unwrap();
    assert_eq!(look(&test.site).await, []);
    assert!(fs::read(&manifest).unwrap() == good);
    assert!(objects(&test.site, "packs").len() == 1 && !test.site.dir().join("mending").join("pack").exists());
}

#[tokio::test]
async fn a_damaged_update_is_dropped_at_once_and_prepared_anew() {
    let (test, folder, _) = published().await;
    let site = &test.site;
    publish_second(site, &folder).await;
    put_on_a_point(site).await;
    let (content, manifest) = newest(site).await;
    let of_content = async || update::find_all(&mut site.db().read().await.unwrap(), &[content]).await.unwrap();
    let is_segments = |path: &&PathBuf| manifest.packs().iter().all(|pack| !path.ends_with(pack.digest.to_string()));
    let first = objects(site, "packs");
    let segments = first.iter().rfind(|path| is_segments(path) && fs::metadata(path).unwrap().len() < 1_000_000);
    for path in [objects(site, "updates").remove(0), segments.unwrap().clone()] {
        assert_eq!(of_content().await.len(), 1);
        let sequence = testing::sequence(site).await;
        flip(&path);
        look(site).await;
        assert_eq!(of_content().await, [], "{}", path.display());
        assert!(testing::sequence(site).await > sequence, "points hear of it");
        Improve.run(site, Nothing {}, &Progress::default()).await.unwrap();
        let anew = of_content().await;
        assert!(!anew.is_empty(), "it is prepared again");
        Sweep.run(site, Nothing {}, &Progress::default()).await.unwrap();
        assert_eq!(look(site).await, []);
        // The one that is left is the one from the first version.
        let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Content)).await.unwrap();
        for nothing in anew.iter().skip(1) {
            dray_store::content::damage::drop_updates(&mut change, &format!("updates/{}", nothing.object))
                .await
                .unwrap();
        }
        change.commit_unrecorded().await.unwrap();
    }
}

#[tokio::test]
async fn nothing_new_leans_on_a_damaged_pack() {
    let (test, folder, _) = published().await;
    let site = &test.site;
    let pack = objects(site, "packs").remove(0);
    flip(&pack);
    // What is damaged can't be made again: that file is another by now.
    fs::write(folder.join("noise"), noise(2, 3_000_000)).unwrap();
    for entry in fs::read_dir(folder.join("package")).unwrap() {
        fs::remove_file(entry.unwrap().path()).ok();
    }
    assert_eq!(look(site).await.len(), 1);
    publish(site).await.unwrap();
    let (_, manifest) = newest(site).await;
    assert!(manifest.packs().iter().all(|info| !pack.ends_with(info.digest.to_string())));
    assert_eq!(look(site).await.len(), 1);
}

#[tokio::test]
async fn what_is_stored_again_takes_the_place_of_what_is_damaged() {
    let (test, folder, _) = published().await;
    let site = &test.site;
    let pack = objects(site, "packs").remove(0);
    let good = flip(&pack);
    fs::rename(&folder, folder.with_extension("away")).unwrap();
    assert_eq!(look(site).await.len(), 1);
    let object = object_name(&pack).parse().unwrap();
    upload::store(site, &object, upload::Upload::Bytes(good.clone().into())).await.unwrap();
    assert!(fs::read(&pack).unwrap() == good);
    assert_eq!(damages(site, &admin()).await.unwrap().objects, []);
}

#[tokio::test]
async fn by_itself_a_part_is_read_and_then_the_next() {
    let (test, folder, _) = published().await;
    let site = &test.site;
    publish_second(site, &folder).await;
    let all = ["manifests", "packs", "updates"].map(|kind| objects(site, kind).len()).iter().sum::<usize>() as u64;
    let mut read = 0;
    let mut parts = 0;
    while read < all {
        let work = Work::find(site).await.unwrap();
        let part = work.read(site, &Progress::default()).await.unwrap();
        assert!(part.objects > 0 && part.objects < all, "{} of {all}", part.objects);
        read += part.objects;
        parts += 1;
    }
    assert!(parts > 1 && read == all, "each object once: {read} of {all}");
}

#[tokio::test]
async fn what_nobody_needs_is_not_mended_and_goes() {
    let (test, _, _) = published().await;
    let site = &test.site;
    let pack = objects(site, "packs").remove(0);
    flip(&pack);
    delete(site, &admin(), &name("zip")).await.unwrap();
    let found = look(site).await;
    assert!(found.iter().all(|object| object.hint.is_none() && object.needed_by.is_empty()), "{found:?}");
    Sweep.run(site, Nothing {}, &Progress::default()).await.unwrap();
    assert_eq!(damages(site, &admin()).await.unwrap().objects, []);
}

#[tokio::test]
async fn only_who_manages_the_site_has_it_verified() {
    let test = testing::site().await;
    let denied = verify(&test.site, &testing::actor(PredefinedRole::Publisher)).await.unwrap_err();
    assert!(matches!(denied, SiteError::Denied { .. }));
    let denied = crate::content::sweep(&test.site, &testing::actor(PredefinedRole::Publisher)).await.unwrap_err();
    assert!(matches!(denied, SiteError::Denied { .. }));
}
