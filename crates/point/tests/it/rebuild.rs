//! A point makes the packs of a new version out of an update where it can, and fetches them where it can't.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dray_content::ingest::Ingested;
use dray_model::point::{AssignedUpdate, PointContentState};
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
    /// Bytes of the new version's pack that the site served.
    served: Arc<AtomicU64>,
}

impl Versions {
    async fn hold_the_first() -> Self {
        let world = World::with_point().await;
        let mut bytes = noise(1, 900_000);
        let old = world.publish_bytes(1, &bytes);
        bytes[450_000] ^= 1;
        let new = world.publish_bytes(2, &bytes);
        let update = world.prepare((1, &old), (2, &new));
        let served = Arc::new(AtomicU64::new(0));
        let (count, pack) = (Arc::clone(&served), format!("/packs/{}", new.packs[0].digest));
        world.answer_objects(move |request, bytes| {
            if request.uri().path().ends_with(&pack) {
                count.fetch_add(bytes.len() as u64, Ordering::SeqCst);
            }
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
        let pack = self.world.object_file("packs", &self.new.packs[0].digest);
        assert_eq!(blake3::hash(&std::fs::read(pack).unwrap()).to_string(), self.new.packs[0].digest.to_string());
        assert!(!exists(&self.world.point_folder().join("scratch/contents")));
    }
}

#[tokio::test]
async fn a_new_version_is_made_from_the_old_one_and_its_update() {
    let versions = Versions::hold_the_first().await;
    versions.hold_the_second().await;
    assert_eq!(versions.served.load(Ordering::SeqCst), 0, "its pack was not fetched");
}

#[tokio::test]
async fn a_version_whose_update_cannot_be_used_is_fetched() {
    let mut versions = Versions::hold_the_first().await;
    versions.update.object = versions.world.serve("updates", b"not an update at all");
    versions.update.bytes = 20;
    versions.hold_the_second().await;
    assert!(versions.served.load(Ordering::SeqCst) > 800_000);
}

#[tokio::test]
async fn a_version_whose_update_cannot_be_had_is_fetched() {
    let mut versions = Versions::hold_the_first().await;
    versions.update.object = dray_model::Digest::of(b"nobody has it");
    versions.hold_the_second().await;
    assert!(versions.served.load(Ordering::SeqCst) > 800_000);
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
    assert!(versions.served.load(Ordering::SeqCst) > 800_000);
}
