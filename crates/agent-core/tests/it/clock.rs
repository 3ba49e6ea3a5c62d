//! Wrong clocks: nothing runs twice, nothing starves.

use dray_agent_core::ContentFailureKind;
use dray_model::advertisement::Assignment::{AsSoonAsPossible, At};
use dray_model::advertisement::Rerun;
use dray_model::state::ClientState::{Retrying, Succeeded, Waiting};

use crate::site::{content, name, program, terms};
use crate::world::{Behaviour, DAY, HOUR, World, at};

const TEN_YEARS: i64 = 10 * 365 * 86_400;

fn world() -> World {
    let mut world = World::new();
    world.site.release("editor", 1, Some(content("editor", 1)), &[program("install")]);
    let mut often = terms("editor", "install", &[AsSoonAsPossible, At { time: at(HOUR) }, At { time: at(2 * DAY) }]);
    often.rerun = Rerun::Always;
    world.site.advertise("often", 1, at(0), often);
    world
}

#[test]
fn a_clock_that_is_behind_by_years_starts_nothing_and_says_so() {
    let mut world = world();
    world.clock_off_s = -TEN_YEARS;
    world.send_policy();
    world.live(HOUR / 2);
    assert_eq!(world.words("often"), (Waiting, "clock_wrong"));
    assert!(world.standing("often").next.is_some());
    world.set_clock(0);
    world.live(600);
    assert_eq!(world.words("often").0, Succeeded);
}

#[test]
fn a_clock_that_jumps_ahead_by_years_starts_nothing() {
    let mut world = world();
    world.send_policy();
    world.live(600);
    assert_eq!(world.count_starts("editor"), 1);
    world.set_clock(TEN_YEARS);
    world.live(600);
    assert_eq!(world.words("often"), (Waiting, "policy_expired"), "its later assignments would be due");
    world.set_clock(0);
    world.live_until(at(3 * DAY));
    assert_eq!(world.count_starts("editor"), 3, "each at its time");
}

#[test]
fn what_ran_before_the_clock_was_set_back_does_not_run_again() {
    let mut world = world();
    world.send_policy();
    world.live(2 * HOUR);
    assert_eq!(world.count_starts("editor"), 2);
    world.set_clock(-20 * 3600);
    world.live(DAY);
    assert_eq!(world.count_starts("editor"), 2);
    world.set_clock(0);
    world.live_until(at(3 * DAY));
    assert_eq!(world.count_starts("editor"), 3);
}

#[test]
fn a_wait_that_began_in_a_wrong_future_ends() {
    let mut world = world();
    world.site.withdraw("often");
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.behaviours.insert(name("editor"), vec![Behaviour::exits(75), Behaviour::exits(0)]);
    world.content_faults = vec![ContentFailureKind::NoSource];
    world.set_clock(3 * 86_400);
    world.send_policy();
    world.live(8);
    assert_eq!(world.words("now").1, "no_source");
    world.set_clock(0);
    world.live(20);
    assert_eq!(world.told("now").last().unwrap(), "running started");
    world.set_clock(3 * 86_400);
    world.live(60);
    assert_eq!(world.words("now").0, Retrying);
    world.set_clock(0);
    world.live(60);
    assert_eq!(world.words("now").0, Succeeded);
}
