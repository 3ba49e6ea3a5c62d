//! Requirements and detection: what the device's facts decide.

use dray_model::advertisement::Assignment::{AsSoonAsPossible, At};
use dray_model::program::{Expression, Program};
use dray_model::state::ClientState::{Failed, Rejected, RestartPending, Succeeded};
use dray_model::status::StatusEvent;

use crate::site::{content, expression, installed, name, program, terms};
use crate::world::{Behaviour, DAY, HOUR, World, at, on};

fn world(install: Program) -> World {
    let mut world = World::new();
    world.site.release("editor", 1, Some(content("editor", 1)), &[install]);
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible, At { time: at(DAY) }]));
    world
}

fn detecting() -> Program {
    Program { detect: Some(installed("editor")), ..program("install") }
}

fn verified(world: &World) -> Vec<bool> {
    let verified = world.outbox.iter().filter_map(|message| match message.event {
        StatusEvent::Verified { present, .. } => Some(present),
        _ => None,
    });
    verified.collect()
}

#[test]
fn a_device_that_does_not_meet_the_requirement_rejects_until_it_does() {
    let requirement = Some(expression("platform == \"windows\""));
    let mut world = world(Program { requirement, ..program("install") });
    world.send_policy();
    world.live(HOUR / 2);
    assert_eq!(world.words("now"), (Rejected, "requirement_not_met"));
    assert!(world.cache.is_empty());
    world.facts = on("windows");
    world.live(HOUR);
    assert_eq!(world.words("now").0, Succeeded, "the next inventory is looked at");
}

#[test]
fn a_condition_that_can_not_be_read_rejects() {
    let compiled = serde_json::json!({"version": 99});
    let requirement = Some(Expression { text: "from_the_future()".into(), compiled });
    let mut world = world(Program { requirement, ..program("install") });
    world.send_policy();
    world.live(HOUR);
    assert_eq!(world.words("now"), (Rejected, "condition_unreadable"));
}

#[test]
fn what_is_there_already_is_neither_fetched_nor_run() {
    let mut world = world(detecting());
    world.install("editor");
    world.send_policy();
    world.live(HOUR);
    assert_eq!(world.words("now"), (Succeeded, "already_present"));
    assert_eq!((world.count_starts("editor"), world.cache.len()), (0, 0));
    assert_eq!(verified(&world), [true]);
}

#[test]
fn what_somebody_installs_by_hand_during_the_fetch_is_not_run() {
    let mut world = world(detecting());
    world.fetch_takes_s = 600;
    world.send_policy();
    world.live(300);
    world.install("editor");
    world.live(HOUR);
    assert_eq!(world.words("now"), (Succeeded, "already_present"));
    assert_eq!(world.count_starts("editor"), 0);
}

#[test]
fn success_is_verified_by_facts_that_are_taken_after_the_run() {
    let mut world = world(detecting());
    world.behaviours.insert(name("editor"), vec![Behaviour::installs("editor")]);
    world.send_policy();
    world.live(HOUR);
    assert_eq!(world.words("now"), (Succeeded, "exit_code"));
    assert_eq!(verified(&world), [true]);
}

#[test]
fn facts_after_a_run_are_those_that_the_site_is_sent() {
    let mut world = world(program("install"));
    world.site.settings.inventory_interval_s = 86_400;
    world.behaviours.insert(name("editor"), vec![Behaviour::installs("editor")]);
    world.send_policy();
    world.live(HOUR);
    assert_eq!(world.count_starts("editor"), 1);
    assert_eq!(world.agent.facts().map(|facts| &**facts), Some(&world.facts));
}

#[test]
fn a_success_without_its_effect_is_a_failure_and_runs_at_the_next_assignment() {
    let mut world = world(detecting());
    world.behaviours.insert(name("editor"), vec![Behaviour::exits(0), Behaviour::installs("editor")]);
    world.send_policy();
    world.live(HOUR);
    assert_eq!(world.words("now"), (Failed, "not_detected"));
    world.live(DAY);
    assert_eq!(world.words("now"), (Succeeded, "exit_code"));
    assert_eq!(verified(&world), [false, true]);
}

#[test]
fn an_interrupted_program_whose_effect_is_there_has_succeeded() {
    let mut world = world(detecting());
    world.behaviours.insert(name("editor"), vec![Behaviour::exits(0).taking(HOUR)]);
    world.send_policy();
    world.live(600);
    world.install("editor");
    world.restart_computer();
    world.live(HOUR);
    assert_eq!(world.words("now"), (Succeeded, "interrupted"));
}

#[test]
fn a_program_that_needs_a_restart_is_verified_after_it() {
    for present in [true, false] {
        let mut world = world(detecting());
        world.behaviours.insert(name("editor"), vec![Behaviour::exits(3010)]);
        world.send_policy();
        world.live(HOUR);
        assert_eq!(world.words("now").0, RestartPending);
        assert!(verified(&world).is_empty());
        if present {
            world.install("editor");
        }
        world.restart_computer();
        world.live(HOUR);
        assert_eq!(world.words("now").0, if present { Succeeded } else { Failed });
        assert_eq!(verified(&world), [present]);
    }
}

#[test]
fn nothing_else_starts_before_a_run_is_verified() {
    let mut world = world(detecting());
    world.behaviours.insert(name("editor"), vec![Behaviour::installs("editor")]);
    world.site.release("viewer", 1, None, &[program("install")]);
    world.site.advertise("viewer", 1, at(0), terms("viewer", "install", &[At { time: at(20) }]));
    world.send_policy();
    world.live(HOUR);
    let told: Vec<_> = world
        .outbox
        .iter()
        .map(|message| match &message.event {
            StatusEvent::Verified { .. } => "verified".to_owned(),
            StatusEvent::Executed { package, .. } => format!("{package} ended"),
            StatusEvent::State { advertisement, standing, .. } => format!("{advertisement} {}", standing.state),
            StatusEvent::Delivered { .. } => "delivered".to_owned(),
            StatusEvent::Other(_) => "other".to_owned(),
        })
        .collect();
    let place = |what: &str| told.iter().position(|told| told == what).expect("it was told");
    assert!(place("editor ended") < place("verified") && place("verified") < place("viewer running"), "{told:?}");
}
