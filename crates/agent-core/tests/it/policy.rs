//! Which policy counts, and what it stops when it ends.

use dray_agent_core::{Effect, Event, PolicyRefusal};
use dray_model::EraId;
use dray_model::advertisement::Assignment::{AsSoonAsPossible, At};
use dray_model::advertisement::Rerun;
use dray_model::state::ClientState::{Cancelled, Running, Succeeded, Waiting};

use crate::site::{content, name, program, terms};
use crate::world::{Behaviour, DAY, HOUR, World, at, device};

fn world() -> World {
    let mut world = World::new();
    world.site.release("editor", 1, Some(content("editor", 1)), &[program("install")]);
    world
}

#[test]
fn an_older_policy_is_refused_and_the_newer_one_stays() {
    let mut world = world();
    let older = world.site.policy(device(), at(0));
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(HOUR);
    world.handle(Event::PolicyReceived(older));
    assert_eq!(world.effects, [Effect::PolicyRefused(PolicyRefusal::Older { number: 1, held: 2 })]);
    assert_eq!(world.words("now").0, Succeeded);
}

#[test]
fn nothing_starts_by_an_expired_policy_until_the_next_one() {
    let mut world = world();
    world.site.advertise("later", 1, at(0), terms("editor", "install", &[At { time: at(8 * DAY) }]));
    world.send_policy();
    world.live_until(at(9 * DAY));
    assert_eq!(world.words("later"), (Waiting, "policy_expired"));
    assert_eq!(world.count_starts("editor"), 0);
    world.send_policy();
    world.live(HOUR);
    assert_eq!(world.words("later").0, Succeeded);
}

#[test]
fn a_result_stands_when_the_policy_expires() {
    let mut world = world();
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live_until(at(9 * DAY));
    assert_eq!(world.words("now").0, Succeeded);
}

#[test]
fn a_withdrawal_cancels_what_waits_and_calls_its_fetch_off() {
    let mut world = world();
    world.fetch_takes_s = DAY;
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(HOUR);
    world.site.withdraw("now");
    world.send_policy();
    assert!(world.effects.iter().any(|effect| matches!(effect, Effect::CancelFetch { .. })));
    assert_eq!(world.told("now").last().unwrap(), &format!("{Cancelled} withdrawn"));
    world.live(2 * DAY);
    assert_eq!(world.count_starts("editor"), 0);
}

#[test]
fn a_withdrawal_leaves_a_running_program_to_end_and_tells_its_result() {
    let mut world = world();
    world.behaviours.insert(name("editor"), vec![Behaviour::exits(75).taking(HOUR)]);
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(60);
    world.site.withdraw("now");
    world.send_policy();
    assert_eq!(world.words("now").0, Running);
    world.live(DAY);
    assert!(world.agent.standings(world.now).is_empty());
    assert_eq!(world.told("now").last().unwrap(), "failed exit_code", "no other try for what was withdrawn");
    assert_eq!(world.count_starts("editor"), 1);
}

#[test]
fn what_comes_back_while_its_program_runs_goes_on_as_if_nothing_had_been() {
    let mut world = world();
    world.behaviours.insert(name("editor"), vec![Behaviour::exits(0).taking(HOUR)]);
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(60);
    world.site.withdraw("now");
    world.send_policy();
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(DAY);
    assert_eq!(world.words("now"), (Succeeded, "exit_code"));
    assert_eq!(world.count_starts("editor"), 1);
}

#[test]
fn content_is_removed_a_day_after_the_last_policy_that_named_it() {
    let mut world = world();
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(HOUR);
    world.site.withdraw("now");
    world.send_policy();
    world.live(DAY - 60);
    assert_eq!(world.cache.len(), 1);
    world.live(120);
    assert!(world.cache.is_empty());
}

#[test]
fn a_site_that_returned_is_told_everything_again_and_nothing_runs_twice() {
    let mut world = world();
    let terms = terms("editor", "install", &[AsSoonAsPossible]);
    let terms = dray_model::advertisement::AdvertisementTerms { rerun: Rerun::Always, ..terms };
    world.site.advertise("now", 7, at(HOUR), terms.clone());
    world.send_policy();
    world.live(HOUR);
    let told = world.told("now").len();
    world.site.returned = Some(EraId::from_random(1));
    world.site.advertise("now", 5, at(0), terms);
    world.send_policy();
    assert!(world.effects.contains(&Effect::SiteReturned) && world.effects.contains(&Effect::PolicyTaken));
    world.live(HOUR);
    assert_eq!(world.count_starts("editor"), 1);
    let again = &world.told("now")[told..];
    assert!(again.last().is_some_and(|word| word.starts_with("succeeded")), "{again:?}");
    world.send_policy();
    assert!(!world.effects.contains(&Effect::SiteReturned), "once is enough");
}
