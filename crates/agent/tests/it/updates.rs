//! The next version by an update: few bytes while all is well, and the manifest when something isn't.

use std::path::{Path, PathBuf};

use dray_model::Digest;
use dray_model::advertisement::{AdvertisementTerms, Rerun};
use dray_model::status::StatusEvent;

use crate::agent::{Computer, NOW, noise, program, source, terms};
use crate::site::{Site, executions};

const SCRIPT: &str = "#!/bin/sh\ncksum < data/payload\n";
const LENGTH: usize = 1_000_000;

/// Some version of the payload: of each a few bytes differ from the one before, and some in a row, too many to come with an update.
fn payload(version: usize) -> Vec<u8> {
    let mut payload = noise(11, LENGTH);
    for change in 1..=version {
        payload.iter_mut().skip(change).step_by(40_000).for_each(|byte| *byte ^= 0x5a);
        payload[change * 100_000..][..1500].copy_from_slice(&noise(100 + change as u64, 1500));
    }
    payload
}

/// Writes a version's source folder.
fn folder(computer: &Computer, version: usize) -> PathBuf {
    let folder = computer.place(&format!("source-{version}"));
    source(&folder, SCRIPT, &payload(version));
    folder
}

/// Publishes a folder, has it run, and gives the bytes of packs that were fetched and the bytes that were reused.
async fn deliver(site: &Site, folder: &Path, nth: usize) -> (u64, u64) {
    let before = site.known().pack_bytes;
    let release = site.publish(program("./install.sh"), Some(folder));
    let always = AdvertisementTerms { rerun: Rerun::Always, ..terms(NOW) };
    site.advertise(&format!("tool-{nth}"), always, release);
    let run = site.heard(|messages| executions(messages).into_iter().nth(nth)).await;
    assert!(matches!(run, StatusEvent::Executed { exit_code: Some(0), .. }), "{run:?}");
    let reused = site.heard(|messages| {
        let delivered = messages.values().filter_map(|message| match &message.event {
            StatusEvent::Delivered { reused_bytes, .. } => Some(*reused_bytes),
            _ => None,
        });
        delivered.collect::<Vec<_>>().get(nth).copied()
    });
    let reused = reused.await;
    let fetched = site.known().pack_bytes - before;
    (fetched, reused)
}

/// Manifests and updates that were fetched so far.
fn served(site: &Site) -> (u32, u32) {
    let known = site.known();
    (known.manifests, known.updates_served)
}

#[tokio::test]
async fn version_after_version_comes_by_an_update_and_no_manifest_is_read() {
    let site = Site::start().await;
    let computer = Computer::at_work(&site).await;
    let folders = [0, 1, 2].map(|version| folder(&computer, version));
    let (fetched, _) = deliver(&site, &folders[0], 0).await;
    assert!(fetched >= LENGTH as u64);
    assert_eq!(served(&site), (1, 0));
    for version in [1, 2] {
        site.offer_update(Some(&folders[version - 1]), &folders[version]);
        let (fetched, reused) = deliver(&site, &folders[version], version).await;
        assert!((1_500..3_000).contains(&fetched), "{fetched}");
        assert!(reused >= LENGTH as u64 - fetched, "{reused}");
        assert_eq!(served(&site), (1, version as u32));
    }
}

#[tokio::test]
async fn a_small_change_comes_with_the_update_and_no_pack_is_asked_for() {
    let site = Site::start().await;
    let computer = Computer::at_work(&site).await;
    let folders = ["small-0", "small-1"].map(|name| computer.place(name));
    source(&folders[0], SCRIPT, &payload(0));
    let mut changed = payload(0);
    changed[LENGTH / 2] ^= 1;
    source(&folders[1], SCRIPT, &changed);
    deliver(&site, &folders[0], 0).await;
    assert_eq!(site.offer_update(Some(&folders[0]), &folders[1]), []);
    let (fetched, reused) = deliver(&site, &folders[1], 1).await;
    assert_eq!((fetched, served(&site)), (0, (1, 1)));
    assert!(reused > LENGTH as u64 * 9 / 10, "{reused}");
}

#[tokio::test]
async fn the_first_version_comes_by_an_update_from_nothing() {
    let site = Site::start().await;
    let computer = Computer::at_work(&site).await;
    let folder = computer.place("source");
    source(&folder, SCRIPT, &b"words that can be compressed well".repeat(20_000));
    site.offer_update(None, &folder);
    let (_, reused) = deliver(&site, &folder, 0).await;
    assert_eq!((served(&site), reused), ((0, 1), 0));
}

/// Delivers one version, lets `spoil` do something to the update to the next, and delivers that. Gives what was fetched of it.
async fn spoilt(spoil: impl Fn(&Site, &Computer, Digest, &[Digest])) -> u64 {
    let site = Site::start().await;
    let computer = Computer::at_work(&site).await;
    let folders = [0, 1].map(|version| folder(&computer, version));
    deliver(&site, &folders[0], 0).await;
    let packs = site.offer_update(Some(&folders[0]), &folders[1]);
    let object = site.known().updates.values().flatten().next().unwrap().object;
    spoil(&site, &computer, object, &packs);
    let (fetched, _) = deliver(&site, &folders[1], 1).await;
    assert_eq!(site.known().manifests, 2, "the second version's manifest was read");
    fetched
}

#[tokio::test]
async fn the_manifest_helps_when_an_update_or_its_pack_is_nowhere() {
    spoilt(|site, _, object, _| site.lose(object)).await;
    spoilt(|site, _, _, packs| packs.iter().for_each(|pack| site.lose(*pack))).await;
}

#[tokio::test]
async fn the_manifest_helps_when_the_update_is_for_other_content() {
    spoilt(|site, computer, object, _| {
        let other = computer.place("other");
        source(&other, SCRIPT, &noise(12, 1000));
        site.offer_update(None, &other);
        let mut known = site.known();
        let wrong = *known.updates.values().flatten().find(|update| update.object != object).unwrap();
        for update in known.updates.values_mut().flatten() {
            (update.object, update.bytes) = (wrong.object, wrong.bytes);
        }
    })
    .await;
}

#[tokio::test]
async fn the_manifest_helps_when_the_version_that_is_here_is_damaged() {
    let fetched = spoilt(|_, computer, _, _| {
        let contents = computer.folder().join("cache/contents");
        let tree = std::fs::read_dir(contents).unwrap().next().unwrap().unwrap().path();
        let mut bytes = std::fs::read(tree.join("data/payload")).unwrap();
        bytes[500_000] ^= 1;
        std::fs::write(tree.join("data/payload"), bytes).unwrap();
    })
    .await;
    assert!(fetched > 10_000, "{fetched}");
}
