//! Delivery: what can hold it up, and what the device reports meanwhile.

use dray_agent_core::{ContentFailureKind, Effect, Event};
use dray_model::advertisement::Assignment::{AsSoonAsPossible, At};
use dray_model::state::ClientState::{Downloading, Scheduled, Succeeded, Waiting};
use dray_model::state::Reason;
use dray_model::status::StatusEvent;

use crate::site::{content, program, terms};
use crate::world::{DAY, HOUR, World, at};

fn world() -> World {
    let mut world = World::new();
    world.site.release("editor", 1, Some(content("editor", 1)), &[program("install")]);
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world
}

#[test]
fn every_kind_of_failure_is_a_reason_with_a_next_try_and_is_overcome() {
    for (kind, code) in [
        (ContentFailureKind::SiteUnreachable, "site_unreachable"),
        (ContentFailureKind::NoSource, "no_source"),
        (ContentFailureKind::SourcesFailed, "sources_failed"),
        (ContentFailureKind::Damaged, "content_damaged"),
        (ContentFailureKind::DiskFull { needed_bytes: 2, free_bytes: 1 }, "disk_full"),
        (ContentFailureKind::Unsupported { requires: vec!["owners".into()] }, "content_unsupported"),
    ] {
        let mut world = world();
        world.content_faults = vec![kind; 3];
        world.send_policy();
        world.live(8);
        assert_eq!(world.words("now"), (Waiting, code));
        assert!(world.standing("now").next.is_some(), "{code}");
        world.live(2 * HOUR);
        assert_eq!(world.words("now").0, Succeeded, "{code}");
        let waits = world.told("now").iter().filter(|told| told.starts_with("waiting")).count();
        assert_eq!(waits, 1, "{code}: the same problem again is no news");
    }
}

#[test]
fn progress_is_shown_and_a_delivery_is_told_once() {
    let mut world = world();
    world.fetch_takes_s = 100;
    world.send_policy();
    world.live(60);
    assert_eq!(world.words("now").0, Downloading);
    assert_eq!(world.standing("now").reason, Some(Reason::Fetching { done_bytes: 500, total_bytes: 1000 }));
    world.live(HOUR);
    let digest = content("editor", 1).digest;
    world.handle(Event::ContentReady { content: digest, sources: vec![], reused_bytes: 0, duration_ms: 1 });
    let delivered = world.outbox.iter().filter(|message| matches!(message.event, StatusEvent::Delivered { .. }));
    assert_eq!(delivered.count(), 1);
}

#[test]
fn content_of_a_newer_release_is_fetched_instead_while_the_program_waits() {
    let mut world = world();
    world.site.advertise("now", 2, at(0), terms("editor", "install", &[At { time: at(DAY) }]));
    world.send_policy();
    world.live(HOUR);
    assert_eq!(world.words("now").0, Scheduled);
    world.site.release("editor", 2, Some(content("editor", 2)), &[program("install")]);
    world.send_policy();
    world.live(HOUR);
    assert!(world.cache.contains(&content("editor", 2).digest), "ahead of its assignment");
    world.live_until(at(2 * DAY));
    assert_eq!(world.starts.iter().map(|spec| spec.release.source_version).collect::<Vec<_>>(), [2]);
}

#[test]
fn content_is_not_fetched_ahead_for_a_program_that_will_not_rerun() {
    let mut world = world();
    world.send_policy();
    world.live(HOUR);
    world.site.release("editor", 2, Some(content("editor", 2)), &[program("install")]);
    world.site.advertise("tomorrow", 1, at(0), terms("editor", "install", &[At { time: at(DAY) }]));
    world.send_policy();
    world.live_until(at(DAY + HOUR));
    assert_eq!(world.words("tomorrow").1, "ran_before");
    assert!(!world.cache.contains(&content("editor", 2).digest));
}

#[test]
fn content_that_vanishes_is_fetched_again_when_it_is_needed() {
    let mut world = world();
    world.site.advertise("now", 2, at(0), terms("editor", "install", &[At { time: at(DAY) }]));
    world.send_policy();
    world.live(HOUR);
    world.cache.clear();
    world.restart_agent();
    world.live(HOUR);
    assert_eq!(world.cache.len(), 1);
    assert!(!world.effects.iter().any(|effect| matches!(effect, Effect::StartRun(_))));
}
