//! Optional programs: the person at the computer decides.

use dray_agent_core::{Event, RequestRefused};
use dray_model::advertisement::Assignment::At;
use dray_model::state::ClientState::{Ready, Received, Succeeded, Waiting};
use dray_model::state::Reason;

use crate::site::{content, name, program, terms};
use crate::world::{Behaviour, DAY, HOUR, World, at};

fn world() -> World {
    let mut world = World::new();
    world.site.release("editor", 1, Some(content("editor", 1)), &[program("install")]);
    world.site.advertise("editor", 1, at(0), terms("editor", "install", &[]));
    world
}

#[test]
fn an_optional_program_waits_for_the_person_and_fetches_nothing() {
    let mut world = world();
    world.send_policy();
    world.live(HOUR);
    assert_eq!(world.words("editor"), (Received, "user_decides"));
    assert!(world.cache.is_empty() && world.view("editor").can_request);
    world.request("editor");
    world.live(HOUR);
    assert_eq!(world.words("editor"), (Succeeded, "exit_code"));
}

#[test]
fn a_program_without_content_is_ready_at_once() {
    let mut world = World::new();
    world.site.release("tool", 1, None, &[program("install")]);
    world.site.advertise("tool", 1, at(0), terms("tool", "install", &[]));
    world.send_policy();
    world.live(HOUR);
    assert_eq!(world.words("tool"), (Ready, "user_decides"));
}

#[test]
fn a_request_ignores_the_rerun_rule_and_asking_twice_runs_once() {
    let mut world = world();
    world.send_policy();
    world.live(HOUR);
    for runs in [1, 2] {
        world.request("editor");
        world.request("editor");
        world.live(HOUR);
        assert_eq!(world.count_starts("editor"), runs);
    }
}

#[test]
fn a_mandatory_program_may_be_run_early_and_then_its_assignment_is_asked_the_rerun_rule() {
    let mut world = world();
    world.site.advertise("editor", 2, at(0), terms("editor", "install", &[At { time: at(DAY) }]));
    world.send_policy();
    world.live(HOUR);
    world.request("editor");
    world.live_until(at(2 * DAY));
    assert_eq!(world.count_starts("editor"), 1);
    assert_eq!(world.words("editor").1, "ran_before");
}

#[test]
fn a_request_ends_the_wait_for_another_try() {
    let mut world = world();
    world.behaviours.insert(name("editor"), vec![Behaviour::exits(75), Behaviour::exits(0)]);
    world.send_policy();
    world.live(60);
    world.request("editor");
    world.live(60);
    assert_eq!(world.words("editor").1, "retry_asked");
    world.request("editor");
    world.live(60);
    assert_eq!(world.words("editor").0, Succeeded);
}

#[test]
fn a_request_for_what_may_not_run_is_refused_with_the_reason() {
    let mut world = world();
    let mut disabled = program("install");
    disabled.disabled = true;
    world.site.release("editor", 1, Some(content("editor", 1)), &[disabled]);
    world.send_policy();
    world.live(60);
    assert_eq!(world.words("editor"), (Waiting, "program_disabled"));
    let refused = world.agent.check_request(world.now, &name("editor"));
    assert_eq!(refused, Err(RequestRefused::NotNow { advertisement: name("editor"), reason: Reason::ProgramDisabled }));
    let unknown = world.agent.check_request(world.now, &name("nothing"));
    assert_eq!(unknown, Err(RequestRefused::Unknown(name("nothing"))));
    world.handle(Event::UserRequested { advertisement: name("editor") });
    world.live(HOUR);
    assert_eq!(world.count_starts("editor"), 0);
}

#[test]
fn a_request_is_forgotten_at_the_expiry_and_does_not_come_back() {
    let mut world = world();
    let mut short = terms("editor", "install", &[]);
    short.expires = Some(at(HOUR));
    world.site.advertise("editor", 2, at(0), short);
    world.send_policy();
    world.live(60);
    world.fetch_takes_s = 2 * HOUR;
    world.request("editor");
    world.live(2 * HOUR);
    world.site.advertise("editor", 3, at(2 * HOUR), terms("editor", "install", &[]));
    world.send_policy();
    world.live(DAY);
    assert_eq!(world.count_starts("editor"), 0);
}
