//! What a newer site writes: it waits with a reason, and everything else goes on.

use dray_agent_core::{Effect, Event};
use dray_model::advertisement::Assignment::AsSoonAsPossible;
use dray_model::state::ClientState::{Running, Succeeded, Waiting};
use serde_json::{Value, json};

use crate::site::{program, terms};
use crate::world::{Behaviour, DAY, HOUR, World, at};

const NOT_SUPPORTED: (dray_model::state::ClientState, &str) = (Waiting, "not_supported");

fn world() -> World {
    let mut world = World::new();
    world.site.release("editor", 1, None, &[program("install")]);
    world.site.release("agent", 1, None, &[program("upgrade")]);
    world
}

fn requires_windows(value: &mut Value) {
    value["requires"] = json!([{ "feature": "maintenance-windows", "version": "9.4" }]);
    value["terms"]["assignments"] = json!([{ "kind": "in_window", "window": "nights" }]);
}

#[test]
fn the_upgrade_of_an_agent_runs_beside_all_that_waits_for_it() {
    let mut world = world();
    world.site.advertise("upgrade", 1, at(0), terms("agent", "upgrade", &[AsSoonAsPossible]));
    world.site.advertise("persons", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    let mut persons = world.site.entry("persons");
    persons["requires"] = json!([{ "feature": "persons", "version": "9.5" }]);
    persons["person"] = json!("maria");
    world.site.withdraw("persons");
    world.site.future_entries = vec![json!({ "odd": [1] }), persons];
    world.site.advertise_from_the_future("windows", 1, terms("editor", "install", &[]), requires_windows);
    world.send_policy();
    world.live(HOUR);
    assert_eq!(world.words("upgrade").0, Succeeded);
    assert_eq!((world.words("persons"), world.words("windows")), (NOT_SUPPORTED, NOT_SUPPORTED));
    let reason = world.standing("windows").reason.unwrap().to_string();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(reason, format!("agent {version} does not support maintenance windows; version 9.4 is needed"));
    assert_eq!(world.told("windows"), ["waiting not_supported"], "the site hears of it");
    assert_eq!(world.count_starts("editor"), 0);
    let why = world.agent.why(world.now, None, &"install".parse().unwrap());
    assert!(
        why[0].answer.ends_with("; version 9.4 is needed") || why[0].answer.ends_with("; version 9.5 is needed"),
        "{}",
        why[0].answer
    );
}

#[test]
fn what_waited_for_an_upgrade_is_acted_on_after_it_without_the_site() {
    let mut world = world();
    world.site.advertise("persons", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    let mut entry = world.site.entry("persons");
    entry["requires"] = json!([{ "feature": "persons" }]);
    world.site.withdraw("persons");
    world.site.future_entries = vec![entry];
    world.send_policy();
    world.live(HOUR);
    assert_eq!(world.words("persons"), NOT_SUPPORTED);
    // An agent that knows the feature reads this state as if nothing were required.
    let mut kept = serde_json::to_value(world.agent.state()).unwrap();
    kept["policy"]["entries"][0].as_object_mut().unwrap().remove("requires").unwrap();
    world.kept = serde_json::from_value(kept).unwrap();
    world.restart_agent();
    world.live(HOUR);
    assert_eq!(world.words("persons").0, Succeeded);
}

#[test]
fn an_edit_that_only_a_newer_agent_understands_stops_the_former_revision_and_settles_what_runs() {
    let mut world = world();
    world.behaviours.insert("editor".parse().unwrap(), vec![Behaviour::exits(0).taking(HOUR)]);
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(60);
    let edited = terms("editor", "install", &[AsSoonAsPossible]);
    world.site.advertise_from_the_future("now", 2, edited.clone(), requires_windows);
    world.send_policy();
    world.live(60);
    assert_eq!(world.words("now").0, Running);
    world.live(DAY);
    assert_eq!(world.words("now"), NOT_SUPPORTED);
    world.site.advertise("now", 3, at(60), edited);
    world.send_policy();
    world.live(DAY);
    assert_eq!((world.words("now").0, world.count_starts("editor")), (Succeeded, 1), "the first run counts");
}

#[test]
fn an_entry_without_a_name_withdraws_nothing_and_starts_nothing_that_it_may_mean() {
    let mut world = world();
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[]));
    world.send_policy();
    world.live(60);
    world.site.withdraw("now");
    world.site.future_entries = vec![json!({ "of": "tomorrow" })];
    world.send_policy();
    world.live(60);
    assert_eq!(world.words("now"), (Waiting, "awaiting_documents"));
    world.site.future_entries.clear();
    world.send_policy();
    assert!(world.agent.standings(world.now).is_empty());
}

#[test]
fn a_document_of_a_newer_site_is_asked_for_once() {
    let mut world = world();
    world.site.advertise_from_the_future("windows", 1, terms("editor", "install", &[]), requires_windows);
    world.send_policy();
    world.live(DAY);
    let asked = |effect: &&Effect| matches!(effect, Effect::FetchDocument { .. });
    world.handle(Event::Timer);
    assert_eq!(world.effects.iter().filter(asked).count(), 0);
    assert_eq!(world.agent.policy().unwrap().missing_documents, []);
}
