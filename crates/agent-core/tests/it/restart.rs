//! Restarts of the agent and of the computer at every point of a run.

use dray_agent_core::{Effect, Event};
use dray_model::advertisement::Assignment::AsSoonAsPossible;
use dray_model::state::ClientState::{Expired, Failed, Running, Succeeded};

use crate::site::{content, name, program, terms};
use crate::world::{Behaviour, CrashPoint, HOUR, World, at};

fn world() -> World {
    let mut world = World::new();
    world.site.release("editor", 1, Some(content("editor", 1)), &[program("install")]);
    world.behaviours.insert(name("editor"), vec![Behaviour::exits(0).taking(HOUR)]);
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world
}

/// Lives until the run is decided on, and crashes there.
fn crash_at_start(world: &mut World, point: CrashPoint) {
    world.send_policy();
    loop {
        let event = world.next_event(at(HOUR)).expect("the run is decided on");
        let is_decisive = matches!(event, Event::ContentReady { .. });
        world.handle_until(event, is_decisive.then_some(point));
        if is_decisive {
            return;
        }
    }
}

#[test]
fn a_crash_before_the_intent_is_persisted_forgets_it() {
    let mut world = world();
    crash_at_start(&mut world, CrashPoint::BeforePersist);
    world.restart_agent();
    world.live(2 * HOUR);
    assert_eq!(world.count_starts("editor"), 1);
    assert_eq!(world.words("now").0, Succeeded);
}

#[test]
fn an_intent_that_was_persisted_starts_under_its_own_id() {
    let mut world = world();
    crash_at_start(&mut world, CrashPoint::AfterEffects(0));
    let intended = world.effects.iter().find_map(|effect| match effect {
        Effect::StartRun(spec) => Some(spec.run),
        _ => None,
    });
    world.restart_agent();
    world.live(2 * HOUR);
    assert_eq!(world.starts.iter().map(|spec| Some(spec.run)).collect::<Vec<_>>(), [intended]);
    assert_eq!(world.words("now").0, Succeeded);
}

#[test]
fn an_intent_that_may_not_start_any_more_is_made_void() {
    let mut world = world();
    let mut short = terms("editor", "install", &[AsSoonAsPossible]);
    short.expires = Some(at(60));
    world.site.advertise("now", 2, at(0), short);
    crash_at_start(&mut world, CrashPoint::AfterEffects(0));
    world.be_away_until(at(HOUR));
    world.restart_agent();
    assert!(world.effects.iter().any(|effect| matches!(effect, Effect::VoidRun { .. })));
    world.live(HOUR);
    assert_eq!(world.count_starts("editor"), 0);
    assert_eq!(world.words("now").0, Expired);
}

#[test]
fn a_program_survives_the_agent_and_its_result_is_kept() {
    let mut world = world();
    world.send_policy();
    world.live(600);
    world.restart_agent();
    assert_eq!(world.words("now").0, Running);
    world.live(2 * HOUR);
    assert_eq!((world.words("now").0, world.count_starts("editor")), (Succeeded, 1));
}

#[test]
fn a_program_that_ends_while_the_agent_is_away_is_told_at_its_return() {
    let mut world = world();
    world.send_policy();
    world.live(600);
    world.be_away_until(at(3 * HOUR));
    world.restart_agent();
    assert_eq!((world.words("now").0, world.count_starts("editor")), (Succeeded, 1));
}

#[test]
fn a_restart_of_the_computer_interrupts_and_a_dead_runner_loses() {
    for (is_computer, code) in [(true, "interrupted"), (false, "runner_lost")] {
        let mut world = world();
        world.send_policy();
        world.live(600);
        if is_computer {
            world.restart_computer();
        } else {
            world.folders.values_mut().for_each(|folder| folder.lost = true);
            world.restart_agent();
        }
        world.live(2 * HOUR);
        assert_eq!(world.words("now"), (Failed, code));
        assert_eq!(world.count_starts("editor"), 1, "its assignment is done with");
        assert!(world.folders.is_empty());
    }
}

#[test]
fn every_open_effect_comes_out_again_after_a_restart() {
    let mut world = world();
    world.manual = true;
    world.send_policy();
    let before = world.effects.iter().filter(|effect| matches!(effect, Effect::FetchDocument { .. })).count();
    world.restart_agent();
    let after = world.effects.iter().filter(|effect| matches!(effect, Effect::FetchDocument { .. })).count();
    assert_eq!((before, after), (2, 2));
    world.manual = false;
    for effect in world.effects.clone() {
        world.carry_out(effect);
    }
    world.fetch_takes_s = HOUR;
    world.live(60);
    world.manual = true;
    world.restart_agent();
    assert!(world.effects.iter().any(|effect| matches!(effect, Effect::FetchContent { .. })));
}

#[test]
fn the_folder_of_a_run_whose_result_is_kept_is_removed_even_after_a_crash() {
    let mut world = world();
    world.send_policy();
    loop {
        let event = world.next_event(at(3 * HOUR)).expect("the run ends");
        let has_ended = matches!(event, Event::RunEnded { .. });
        world.handle_until(event, has_ended.then_some(CrashPoint::AfterEffects(0)));
        if has_ended {
            break;
        }
    }
    assert_eq!(world.folders.len(), 1);
    world.restart_agent();
    assert!(world.folders.is_empty());
    assert_eq!(world.count_starts("editor"), 1);
}

#[test]
fn an_intent_of_something_that_is_not_offered_any_more_is_made_void() {
    let mut world = world();
    crash_at_start(&mut world, CrashPoint::AfterEffects(0));
    world.site.release("editor", 2, Some(content("editor", 2)), &[program("install")]);
    world.manual = true;
    world.restart_agent();
    world.send_policy();
    for effect in world.effects.clone() {
        if let Effect::FetchDocument { digest, .. } = effect {
            let document = Box::new(world.site.documents[&digest].clone());
            world.handle(Event::DocumentReceived { digest, document });
        }
    }
    world.manual = false;
    world.restart_agent();
    world.live(2 * HOUR);
    assert_eq!(world.starts.iter().map(|spec| spec.release.source_version).collect::<Vec<_>>(), [2]);
}
