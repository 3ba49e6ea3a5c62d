//! A point makes the manifest and the packs of a new version out of an update where it can, and fetches them where it can't.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use dray_content::ingest::Ingested;
use dray_model::Digest;
use dray_model::point::{AssignedObject, AssignedUpdate, PointContentState};
use dray_point::{RunningPoint, Summary};

use crate::server;
use crate::world::{World, exists, is_installed, noise};

/// A point that holds a first version, and a second one with a small change.
struct Versions {
    world: World,
    point: RunningPoint,
    old: Ingested,
    new: Ingested,
    update: AssignedUpdate,
    /// Bytes that the site served of each object.
    served: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Versions {
    async fn hold_the_first() -> Self {
        let mut bytes = noise(1, 900_000);
        let old = bytes.clone();
        bytes[450_000] ^= 1;
        Self::hold_the_first_of(&old, &bytes).await
    }

    /// With these bytes as the one file of each version.
    async fn hold_the_first_of(old: &[u8], new: &[u8]) -> Self {
        let world = World::with_point().await;
        let (old, new) = (world.publish_bytes(1, old), world.publish_bytes(2, new));
        let update = world.prepare((1, &old), (2, &new));
        let served: Arc<Mutex<BTreeMap<String, u64>>> = Arc::default();
        let count = Arc::clone(&served);
        world.answer_objects(move |request, bytes| {
            let object = request.uri().path().trim_start_matches("/client/v1/content/").to_owned();
            *count.lock().unwrap().entry(object).or_default() += bytes.len() as u64;
            server::object(request, bytes)
        });
        world.assign(&[&old]);
        let point = world.start().await;
        point.wait_until(is_installed).await;
        Self { world, point, old, new, update, served }
    }

    async fn hold_the_second(&self) {
        self.world.assign_with(&[&self.old, &self.new], std::slice::from_ref(&self.update));
        let is_here = |summary: &Summary| {
            let new = summary.contents.iter().find(|content| content.content == self.new.content);
            new.is_some_and(|new| matches!(new.state, PointContentState::Installed { .. }))
        };
        self.point.wait_until(is_here).await;
        for (kind, digest) in [("packs", self.new.packs[0].digest), ("manifests", self.new.manifest_digest)] {
            let object = std::fs::read(self.world.object_file(kind, &digest)).unwrap();
            assert_eq!(Digest::of(&object), digest, "{kind}");
        }
        assert!(!exists(&self.world.point_folder().join("scratch/contents")));
    }

    /// Bytes that the site served of the new version's manifest and pack.
    fn served(&self) -> [u64; 2] {
        let objects = [("manifests", self.new.manifest_digest), ("packs", self.new.packs[0].digest)];
        let served = self.served.lock().unwrap();
        objects.map(|(kind, digest)| served.get(&format!("{kind}/{digest}")).copied().unwrap_or(0))
    }
}

#[tokio::test]
async fn a_new_version_is_made_from_the_old_one_and_its_update() {
    let versions = Versions::hold_the_first().await;
    versions.hold_the_second().await;
    assert_eq!(versions.served(), [0, 0], "neither its manifest nor its pack was fetched");
}

#[tokio::test]
async fn a_version_whose_update_cannot_be_used_is_fetched() {
    let mut versions = Versions::hold_the_first().await;
    versions.update.object = versions.world.serve("updates", b"not an update at all");
    versions.update.bytes = 20;
    versions.hold_the_second().await;
    let [manifest, pack] = versions.served();
    assert!(manifest > 0 && pack > 800_000, "{manifest} and {pack} bytes were served");
}

#[tokio::test]
async fn a_version_whose_update_cannot_be_had_is_fetched() {
    let mut versions = Versions::hold_the_first().await;
    versions.update.object = Digest::of(b"nobody has it");
    versions.hold_the_second().await;
    let [manifest, pack] = versions.served();
    assert!(manifest > 0 && pack > 800_000, "{manifest} and {pack} bytes were served");
}

#[tokio::test]
async fn a_damaged_old_version_makes_no_bad_new_one() {
    let versions = Versions::hold_the_first().await;
    let path = versions.world.object_file("packs", &versions.old.packs[0].digest);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
    versions.hold_the_second().await;
    let [manifest, pack] = versions.served();
    assert!(manifest > 0 && pack > 800_000, "{manifest} and {pack} bytes were served");
}

#[tokio::test]
async fn a_manifest_that_cannot_be_made_is_fetched_and_the_packs_are_made_nevertheless() {
    let lie = b"no manifest difference";
    for digest in [Digest::of(lie), Digest::of(b"nobody has it")] {
        let mut versions = Versions::hold_the_first().await;
        versions.world.serve("manifest-differences", lie);
        versions.update.manifest_difference = Some(AssignedObject { digest, bytes: lie.len() as u64 });
        versions.hold_the_second().await;
        let [manifest, pack] = versions.served();
        assert!(manifest > 0 && pack == 0, "{manifest} and {pack} bytes were served");
    }
}

/// A gzip file without checksum, in which no difference finds anything while it is closed.
fn gzip(text: &[u8]) -> Vec<u8> {
    let deflated = miniz_oxide::deflate::compress_to_vec(text, 6);
    let length = (text.len() as u32).to_le_bytes();
    [&b"\x1f\x8b\x08\0\0\0\0\0\0\xff"[..], &deflated, &[0; 4], &length].concat()
}

#[tokio::test]
async fn a_new_archive_is_made_from_the_old_one() {
    let text: Vec<u8> = noise(1, 300_000).iter().flat_map(|byte| format!("word{} ", byte % 64).into_bytes()).collect();
    let mut changed = text.clone();
    (0..changed.len()).step_by(20_000).for_each(|at| changed[at] ^= 1);
    let versions = Versions::hold_the_first_of(&gzip(&text), &gzip(&changed)).await;
    versions.hold_the_second().await;
    assert_eq!(versions.served(), [0, 0], "neither its manifest nor its pack was fetched");
}

#[tokio::test]
async fn a_first_version_is_made_from_the_update_from_nothing_which_is_fetched_instead_of_it() {
    let world = World::with_point().await;
    let text: Vec<u8> = noise(1, 400_000).iter().flat_map(|byte| format!("word{} ", byte % 64).into_bytes()).collect();
    let new = world.publish_bytes(1, &text);
    let update = world.prepare_from_nothing((1, &new));
    let [pack, manifest] = [format!("packs/{}", new.packs[0].digest), format!("manifests/{}", new.manifest_digest)];
    world.answer_objects(move |request, bytes| {
        let path = request.uri().path();
        assert!(!path.ends_with(&pack) && !path.ends_with(&manifest), "{path} was asked for");
        server::object(request, bytes)
    });
    world.assign_with(&[&new], std::slice::from_ref(&update));
    let point = world.start().await;
    point.wait_until(is_installed).await;
    let file = world.object_file("packs", &new.packs[0].digest);
    assert_eq!(Digest::of(&std::fs::read(file).unwrap()), new.packs[0].digest);
}
