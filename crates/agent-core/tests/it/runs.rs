//! Mandatory programs: when they run, in which order, how often.

use dray_agent_core::{NotStarted, Outcome};
use dray_model::advertisement::Assignment::{AsSoonAsPossible, At};
use dray_model::advertisement::Rerun;
use dray_model::state::ClientState::{
    Expired, Failed, Queued, RestartPending, Retrying, Running, Scheduled, Succeeded, Waiting, WillNotRerun,
};
use dray_model::status::StatusEvent;

use crate::site::{content, name, program, terms};
use crate::world::{Behaviour, DAY, HOUR, World, at};

fn with_package(package: &str) -> World {
    let mut world = World::new();
    world.site.release(package, 1, Some(content(package, 1)), &[program("install")]);
    world
}

#[test]
fn a_mandatory_program_is_fetched_run_and_reported() {
    let mut world = with_package("editor");
    world.site.advertise("editor-now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(HOUR);
    assert_eq!(world.count_starts("editor"), 1);
    assert_eq!(
        world.told("editor-now"),
        [
            "locating asking_for_sources",
            "downloading fetching",
            "queued starting",
            "running started",
            "succeeded exit_code"
        ]
    );
    let kinds: Vec<_> = world
        .outbox
        .iter()
        .map(|message| match &message.event {
            StatusEvent::State { .. } => "state",
            StatusEvent::Delivered { .. } => "delivered",
            StatusEvent::Executed { .. } => "executed",
            StatusEvent::Verified { .. } => "verified",
            StatusEvent::Other(_) => "other",
        })
        .collect();
    assert_eq!(kinds, ["state", "state", "delivered", "state", "state", "executed", "state"]);
    assert!(world.outbox.iter().zip(1..).all(|(message, number)| message.number == number));
    assert!(world.folders.is_empty(), "the run's folder is removed once its result is kept");
}

#[test]
fn content_is_fetched_from_the_start_and_the_program_runs_at_its_assignment() {
    let mut world = with_package("editor");
    let mut terms = terms("editor", "install", &[At { time: at(4 * HOUR) }]);
    terms.start = Some(at(2 * HOUR));
    world.site.advertise("tonight", 1, at(0), terms);
    world.send_policy();
    world.live_until(at(HOUR));
    assert_eq!(world.words("tonight"), (Scheduled, "not_started"));
    assert_eq!(world.standing("tonight").next, Some(at(2 * HOUR)));
    assert!(world.cache.is_empty());
    world.live_until(at(3 * HOUR));
    assert_eq!(world.cache.len(), 1);
    assert_eq!(world.words("tonight"), (Scheduled, "not_assigned_yet"));
    assert_eq!(world.standing("tonight").next, Some(at(4 * HOUR)));
    world.live_until(at(5 * HOUR));
    assert_eq!(world.words("tonight"), (Succeeded, "exit_code"));
    assert_eq!(world.count_starts("editor"), 1);
}

#[test]
fn several_missed_assignments_run_once() {
    let mut world = with_package("editor");
    let mut terms = terms("editor", "install", &[At { time: at(10) }, At { time: at(20) }, At { time: at(DAY) }]);
    terms.rerun = Rerun::Always;
    world.site.advertise("often", 1, at(0), terms);
    world.now = at(HOUR);
    world.send_policy();
    world.live(HOUR);
    assert_eq!(world.count_starts("editor"), 1);
    assert_eq!(world.standing("often").next, Some(at(DAY)), "a result says when there is something to do again");
    world.live_until(at(2 * DAY));
    assert_eq!(world.count_starts("editor"), 2);
}

#[test]
fn an_assignment_that_comes_due_while_the_program_runs_is_one_of_its_own() {
    let mut world = with_package("editor");
    world.behaviours.insert(name("editor"), vec![Behaviour::exits(0).taking(HOUR)]);
    let mut terms = terms("editor", "install", &[AsSoonAsPossible, At { time: at(HOUR / 2) }]);
    terms.rerun = Rerun::Always;
    world.site.advertise("twice", 1, at(0), terms);
    world.send_policy();
    world.live(DAY);
    assert_eq!(world.count_starts("editor"), 2);
}

#[test]
fn the_rerun_rule_looks_at_history_across_advertisements() {
    let mut world = with_package("editor");
    world.site.advertise("first", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(HOUR);
    world.site.advertise("second", 1, at(HOUR), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(HOUR);
    assert_eq!(world.words("second"), (WillNotRerun, "ran_before"));
    assert_eq!(world.count_starts("editor"), 1);
}

#[test]
fn a_failed_program_runs_at_the_next_assignment_and_not_before() {
    let mut world = with_package("editor");
    world.behaviours.insert(name("editor"), vec![Behaviour::exits(1), Behaviour::exits(0)]);
    world.site.advertise(
        "daily",
        1,
        at(0),
        terms("editor", "install", &[AsSoonAsPossible, At { time: at(DAY) }, At { time: at(2 * DAY) }]),
    );
    world.send_policy();
    world.live_until(at(DAY / 2));
    assert_eq!(world.words("daily"), (Failed, "exit_code"));
    world.live_until(at(DAY + HOUR));
    assert_eq!(world.words("daily"), (Succeeded, "exit_code"));
    world.live_until(at(3 * DAY));
    assert_eq!(world.words("daily"), (WillNotRerun, "ran_before"));
    assert_eq!(world.count_starts("editor"), 2);
}

#[test]
fn a_new_release_or_an_edit_that_keeps_the_assignment_reruns_nothing() {
    let mut world = with_package("editor");
    let mut always = terms("editor", "install", &[AsSoonAsPossible]);
    always.rerun = Rerun::Always;
    world.site.advertise("now", 1, at(0), always.clone());
    world.send_policy();
    world.live(HOUR);
    world.site.release("editor", 2, Some(content("editor", 2)), &[program("install")]);
    world.send_policy();
    world.live(HOUR);
    always.comment = "edited".parse().unwrap();
    world.site.advertise("now", 2, at(2 * HOUR), always.clone());
    world.send_policy();
    world.live(HOUR);
    assert_eq!(world.count_starts("editor"), 1);
    always.assignments.push(At { time: at(3 * HOUR) });
    world.site.advertise("now", 3, at(3 * HOUR), always);
    world.send_policy();
    world.live(HOUR);
    assert_eq!(world.count_starts("editor"), 2, "run again is one more assignment");
    assert_eq!(world.starts[1].release.source_version, 2);
}

#[test]
fn leaving_a_collection_and_coming_back_runs_nothing_anew() {
    let mut world = with_package("editor");
    let mut always = terms("editor", "install", &[AsSoonAsPossible]);
    always.rerun = Rerun::Always;
    for revision in [1, 1] {
        world.site.advertise("now", revision, at(0), always.clone());
        world.send_policy();
        world.live(HOUR);
        assert_eq!(world.words("now"), (Succeeded, "exit_code"));
        world.site.withdraw("now");
        world.send_policy();
        world.live(HOUR);
        assert!(world.agent.standings(world.now).is_empty());
    }
    assert_eq!(world.count_starts("editor"), 1);
}

#[test]
fn a_release_that_comes_while_the_former_one_runs_changes_nothing_about_that_run() {
    let mut world = with_package("editor");
    world.behaviours.insert(name("editor"), vec![Behaviour::exits(5).taking(HOUR)]);
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(60);
    assert_eq!(world.words("now").0, Running);
    let mut forgiving = program("install");
    let mut classes = std::collections::BTreeMap::from(forgiving.exit_codes);
    classes.insert(5, dray_model::program::ExitClass::Success);
    forgiving.exit_codes = classes.try_into().unwrap();
    world.site.release("editor", 2, Some(content("editor", 2)), &[forgiving]);
    world.send_policy();
    world.live(2 * HOUR);
    assert_eq!(world.words("now"), (Failed, "exit_code"), "by the table of the release that ran");
    let releases: Vec<_> = world
        .outbox
        .iter()
        .filter_map(|message| match &message.event {
            StatusEvent::Executed { release, .. } => Some(release.source_version),
            _ => None,
        })
        .collect();
    assert_eq!(releases, [1]);
}

#[test]
fn one_program_runs_at_a_time_mandatory_before_optional_and_by_age() {
    let mut world = World::new();
    for package in ["a", "b", "c", "d"] {
        world.site.release(package, 1, None, &[program("install")]);
        world.behaviours.insert(name(package), vec![Behaviour::exits(0).taking(100)]);
    }
    world.site.advertise("d-now", 1, at(0), terms("d", "install", &[AsSoonAsPossible]));
    world.site.advertise("a-optional", 1, at(0), terms("a", "install", &[]));
    world.send_policy();
    world.live(10);
    world.request("a-optional");
    world.site.advertise("c-now", 1, at(20), terms("c", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(10);
    world.site.advertise("b-now", 1, at(30), terms("b", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(10);
    assert_eq!(world.words("b-now"), (Queued, "another_program_runs"));
    world.live(HOUR);
    let order: Vec<_> = world.starts.iter().map(|spec| spec.package.as_str()).collect();
    assert_eq!(order, ["d", "c", "b", "a"]);
}

#[test]
fn an_exit_code_that_asks_for_it_is_tried_again_as_often_as_the_program_says() {
    let mut world = World::new();
    let mut patient = program("install");
    patient.retry = dray_model::program::Retry { count: 2, interval_s: 300 };
    world.site.release("editor", 1, None, &[patient]);
    world.behaviours.insert(name("editor"), vec![Behaviour::exits(75)]);
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(60);
    assert_eq!(world.words("now"), (Retrying, "retry_asked"));
    assert!(world.standing("now").next.unwrap() <= at(60 + 300));
    world.live(HOUR);
    assert_eq!(world.words("now"), (Failed, "exit_code"));
    assert_eq!(world.count_starts("editor"), 3);
}

#[test]
fn whatever_ends_a_program_badly_has_a_reason_of_its_own() {
    for (outcome, code) in [
        (Outcome::Exit(1), "exit_code"),
        (Outcome::Signal(11), "signal"),
        (Outcome::TimeLimit, "time_limit"),
        (Outcome::NotStartable("no such file".into()), "not_startable"),
        (Outcome::Lost, "runner_lost"),
        (Outcome::Interrupted, "interrupted"),
    ] {
        let mut world = with_package("editor");
        world.behaviours.insert(name("editor"), vec![Behaviour { outcome, ..Behaviour::exits(0) }]);
        world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
        world.send_policy();
        world.live(DAY);
        assert_eq!(world.words("now"), (Failed, code));
        assert_eq!(world.count_starts("editor"), 1, "{code}");
    }
}

#[test]
fn a_restart_that_a_program_asks_for_is_awaited() {
    let mut world = with_package("editor");
    world.behaviours.insert(name("editor"), vec![Behaviour::exits(3010)]);
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(HOUR);
    assert_eq!(world.words("now"), (RestartPending, "exit_code"));
    world.restart_agent();
    world.live(HOUR);
    assert_eq!(world.words("now").0, RestartPending, "the agent's restart is not the computer's");
    world.restart_computer();
    world.live(HOUR);
    assert_eq!(world.words("now"), (Succeeded, "exit_code"));
    assert_eq!(world.told("now").last().unwrap(), "succeeded exit_code");
}

#[test]
fn expiry_stops_new_starts_and_kills_nothing() {
    let mut world = with_package("editor");
    world.behaviours.insert(name("editor"), vec![Behaviour::exits(0).taking(2 * HOUR)]);
    let mut short = terms("editor", "install", &[AsSoonAsPossible, At { time: at(HOUR + 60) }]);
    short.expires = Some(at(HOUR));
    world.site.advertise("short", 1, at(0), short);
    world.site.release("other", 1, None, &[program("install")]);
    let mut late = terms("other", "install", &[At { time: at(10) }]);
    late.expires = Some(at(HOUR));
    world.site.advertise("late", 1, at(0), late);
    world.send_policy();
    world.live_until(at(HOUR + 1));
    assert_eq!(world.words("short"), (Running, "started"));
    assert_eq!(world.words("late").0, Expired, "it waited for its turn until then");
    world.live(DAY);
    assert_eq!(world.words("short"), (Succeeded, "exit_code"));
    assert_eq!(world.count_starts("editor"), 1);
}

#[test]
fn what_waits_at_its_expiry_expires() {
    let mut world = with_package("editor");
    world.content_faults = vec![dray_agent_core::ContentFailureKind::NoSource; 1000];
    let mut short = terms("editor", "install", &[AsSoonAsPossible]);
    short.expires = Some(at(HOUR));
    world.site.advertise("short", 1, at(0), short);
    world.send_policy();
    world.live(DAY);
    assert_eq!(world.words("short"), (Expired, "advertisement_expired"));
    assert_eq!(world.count_starts("editor"), 0);
}

#[test]
fn a_full_disk_before_the_run_is_looked_at_again() {
    let mut world = with_package("editor");
    world.start_faults = vec![NotStarted::DiskFull { needed_bytes: 9, free_bytes: 1 }];
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(300);
    assert_eq!(world.words("now"), (Waiting, "no_room_to_run"));
    assert!(world.standing("now").next.is_some());
    world.live(HOUR);
    assert_eq!(world.words("now").0, Succeeded);
    assert_eq!(world.count_starts("editor"), 1);
}

#[test]
fn content_that_fails_its_last_check_is_fetched_again_before_the_run() {
    let mut world = with_package("editor");
    world.start_faults = vec![NotStarted::ContentLost { error: "a bit fell over".into() }];
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(HOUR);
    assert!(world.told("now").contains(&"waiting content_damaged".to_owned()));
    assert_eq!(world.words("now").0, Succeeded);
    assert_eq!(world.count_starts("editor"), 1);
}
