//! How far downloads are: what is reported to the site, and what is kept.

use std::time::Duration;

use dray_agent_core::{ContentFailure, ContentFailureKind, Event, State};
use dray_model::Timestamp;
use dray_model::advertisement::Assignment::AsSoonAsPossible;
use dray_model::state::ClientState::Downloading;
use dray_model::state::Reason;
use dray_model::status::StatusEvent;
use proptest::prelude::*;

use crate::site::{content, program, terms};
use crate::world::{DAY, World, at};

const MINUTE: Duration = Duration::from_secs(60);

/// A download that only a test moves.
fn world() -> World {
    let mut world = World::new();
    world.site.release("editor", 1, Some(content("editor", 1)), &[program("install")]);
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.fetch_takes_s = 1000 * DAY;
    world.send_policy();
    world.live(10);
    world
}

fn progress(world: &mut World, done_bytes: u64, total_bytes: u64) {
    world.handle(Event::ContentProgress { content: content("editor", 1).digest, done_bytes, total_bytes });
}

/// What was reported to the site about the download: when, and the bytes.
fn told(world: &World) -> Vec<(Timestamp, u64, u64)> {
    let told = world.outbox.iter().filter_map(|message| match &message.event {
        StatusEvent::State { standing, .. } => match standing.reason {
            Some(Reason::Fetching { done_bytes, total_bytes }) => Some((message.at, done_bytes, total_bytes)),
            _ => None,
        },
        _ => None,
    });
    told.collect()
}

fn told_bytes(world: &World) -> Vec<(u64, u64)> {
    told(world).into_iter().map(|(_, done, total)| (done, total)).collect()
}

#[test]
fn a_short_download_tells_of_its_beginning_only() {
    let mut world = world();
    for done in 0..=50 {
        progress(&mut world, done * 2, 100);
        world.live(1);
    }
    assert_eq!(told_bytes(&world), [(0, 100)]);
}

#[test]
fn a_long_download_tells_nine_times_more_and_its_state_is_as_old_as_its_beginning() {
    let mut world = world();
    let began = world.now;
    for done in 1..=1000 {
        progress(&mut world, done, 1000);
        world.live(20);
    }
    let told = told_bytes(&world);
    assert_eq!((told.len(), told[0], told[1], told[9]), (10, (1, 1000), (102, 1000), (910, 1000)));
    assert_eq!((world.standing("now").since, world.words("now").0), (began, Downloading));
}

#[test]
fn what_came_before_the_minute_was_over_is_told_then_though_nothing_comes_any_more() {
    let mut world = world();
    progress(&mut world, 1, 100);
    world.live(5);
    progress(&mut world, 80, 100);
    let began = told(&world)[0].0;
    world.live(600);
    assert_eq!(told(&world), [(began, 1, 100), (began + MINUTE, 80, 100)]);
}

#[test]
fn a_restart_tells_nothing_again_and_goes_on_from_what_was_told() {
    let mut world = world();
    progress(&mut world, 40, 100);
    world.live(300);
    world.restart_agent();
    assert_eq!(world.standing("now").reason, Some(Reason::Fetching { done_bytes: 40, total_bytes: 100 }));
    progress(&mut world, 50, 100);
    assert_eq!(told_bytes(&world), [(40, 100)]);
    progress(&mut world, 51, 100);
    world.restart_agent();
    progress(&mut world, 90, 100);
    assert_eq!(told_bytes(&world), [(40, 100), (51, 100)], "the minute lasts over the restart");
    world.live(60);
    assert_eq!(told_bytes(&world), [(40, 100), (51, 100), (90, 100)]);
}

#[test]
fn another_plan_is_told_by_its_own_bytes() {
    let mut world = world();
    progress(&mut world, 90, 100);
    world.live(300);
    progress(&mut world, 3, 1000);
    progress(&mut world, 101, 1000);
    assert_eq!(told_bytes(&world), [(90, 100), (101, 1000)]);
    let failure = ContentFailure { kind: ContentFailureKind::SourcesFailed, error: "made up".into() };
    world.handle(Event::ContentFailed { content: content("editor", 1).digest, failure });
    assert_eq!(world.words("now").1, "sources_failed");
    progress(&mut world, 120, 1000);
    assert_eq!(told_bytes(&world), [(90, 100), (101, 1000), (120, 1000)], "another state is told as ever");
}

#[test]
fn bytes_that_are_not_told_are_shown_and_not_kept() {
    let mut world = world();
    progress(&mut world, 1, 100);
    let kept = serde_json::to_string(&world.kept).unwrap();
    progress(&mut world, 9, 100);
    assert_eq!(world.standing("now").reason, Some(Reason::Fetching { done_bytes: 9, total_bytes: 100 }));
    assert_eq!(serde_json::to_string(&world.kept).unwrap(), kept, "each second it would be written to the disk");
}

#[test]
fn what_an_agent_kept_that_did_not_know_bytes_is_taken_up() {
    let mut world = world();
    progress(&mut world, 1, 100);
    let mut older = serde_json::to_value(&world.kept).unwrap();
    let offer = &mut older["offers"]["now"];
    offer.as_object_mut().unwrap().remove("told_progress").expect("it is kept");
    offer["standing"]["reason"] = serde_json::json!({ "code": "fetching" });
    let fetch = older["contents"]["fetches"].as_object().unwrap().values().next().unwrap();
    assert_eq!(fetch["flowing"], true);
    world.kept = serde_json::from_value::<State>(older).unwrap();
    world.restart_agent();
    assert_eq!(world.words("now").0, Downloading);
    progress(&mut world, 20, 100);
    assert_eq!(told_bytes(&world), [(1, 100), (20, 100)]);
}

/// Something that happens to a download.
#[derive(Debug, Clone)]
enum Step {
    /// Bytes come, of one of two plans.
    Progress {
        done: u64,
        of_other_plan: bool,
    },
    Restart,
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0u64..=1100, prop::bool::weighted(0.05))
            .prop_map(|(done, of_other_plan)| Step::Progress { done, of_other_plan }),
        1 => Just(Step::Restart),
        6 => (0u64..200).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..120)
}

/// Whether more than a tenth of a download is not told.
fn is_behind(last: (u64, u64), done: u64, total: u64) -> bool {
    let known = if last.1 == total { last.0 } else { 0 };
    done.min(total).saturating_sub(known) * 10 > total
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_little_is_told_and_never_too_late(steps in steps(), rises in any::<bool>()) {
        let mut world = world();
        progress(&mut world, 0, 1000);
        let (mut now, mut highest) = (None, [0, 0]);
        for step in steps {
            match step {
                Step::Progress { done, of_other_plan } => {
                    let plan = usize::from(of_other_plan);
                    let total = [1000, 777][plan];
                    highest[plan] = if rises { highest[plan].max((highest[plan] + done / 20).min(total)) } else { done };
                    progress(&mut world, highest[plan], total);
                    now = Some((highest[plan], total));
                }
                Step::Restart => {
                    world.restart_agent();
                    now = None;
                }
                Step::Wait(secs) => world.live(secs),
            }
            let (when, done, total) = *told(&world).last().unwrap();
            let may_be_late = world.now < when + MINUTE;
            prop_assert!(may_be_late || now.is_none_or(|now| !is_behind((done, total), now.0, now.1)));
        }
        let told = told(&world);
        prop_assert!(told.windows(2).all(|pair| pair[1].0.since(pair[0].0) >= MINUTE));
        for of_one_plan in told[1..].chunk_by(|one, next| one.2 == next.2) {
            prop_assert!(of_one_plan.len() <= 9, "{} messages of one plan", of_one_plan.len());
        }
    }
}
