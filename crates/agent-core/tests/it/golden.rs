//! States that earlier agents kept are always read: `tests/golden/v<version>/state.json`, one for each version.
//!
//! `DRAY_BLESS=1 cargo test -p dray-agent-core --test it golden` writes the file of this version again, while it isn't
//! released (`docs/design/0012-versions.md`).

use std::path::PathBuf;

use dray_agent_core::State;
use dray_golden::holds;
use dray_model::advertisement::Assignment::{AsSoonAsPossible, At};
use dray_model::state::ClientState::{Failed, Succeeded};
use serde_json::{Value, json};

use crate::site::{content, installed, program, terms};
use crate::world::{Behaviour, DAY, HOUR, World, at};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// A busy device: something failed, waits for a restart, runs, is fetched, is optional, is to come, and is of a newer site.
fn busy() -> World {
    let mut world = World::new();
    let mut checked = program("install");
    checked.detect = Some(installed("viewer"));
    world.site.release("editor", 1, None, &[program("install")]);
    world.site.release("viewer", 1, None, &[checked]);
    world.site.release("game", 1, Some(content("game", 1)), &[program("install")]);
    world.site.release("driver", 1, None, &[program("install")]);
    world.site.release("report", 1, None, &[program("send")]);
    world.behaviours.insert("editor".parse().unwrap(), vec![Behaviour::exits(3)]);
    world.behaviours.insert("driver".parse().unwrap(), vec![Behaviour::exits(3010)]);
    world.behaviours.insert("report".parse().unwrap(), vec![Behaviour::exits(75), Behaviour::exits(0).taking(DAY)]);
    world.fetch_takes_s = 2 * DAY;
    world.site.advertise("failed", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.site.advertise("restart", 1, at(0), terms("driver", "install", &[AsSoonAsPossible]));
    world.site.advertise("runs", 1, at(0), terms("report", "send", &[AsSoonAsPossible]));
    world.site.advertise("fetched", 1, at(0), terms("game", "install", &[AsSoonAsPossible]));
    world.site.advertise("optional", 1, at(0), terms("viewer", "install", &[]));
    world.site.advertise("later", 1, at(0), terms("viewer", "install", &[At { time: at(9 * DAY) }]));
    world.site.advertise("persons", 1, at(0), terms("editor", "install", &[]));
    let mut persons = world.site.entry("persons");
    persons["requires"] = json!([{ "feature": "persons", "version": "9.9" }]);
    world.site.withdraw("persons");
    world.site.future_entries = vec![persons];
    world.send_policy();
    world.live(HOUR);
    world.request("optional");
    world
}

fn golden_states() -> Vec<(String, Value)> {
    let versions = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let versions = versions.filter(|version| version.join("state.json").exists());
    let read = |version: PathBuf| {
        let state = serde_json::from_slice(&std::fs::read(version.join("state.json")).unwrap()).unwrap();
        (version.file_name().unwrap().to_str().unwrap().to_owned(), state)
    };
    versions.map(read).collect()
}

/// The state as a newer agent may keep it: every record has a field more. The keys of other objects are data.
fn with_unknown_fields(value: &Value) -> Value {
    const RECORDS: [&str; 6] = ["format", "standing", "since", "settled", "order", "intended_at"];
    match value {
        Value::Object(object) => {
            let more = RECORDS.iter().any(|field| object.contains_key(*field)).then(|| json!({ "deep": [1, null] }));
            let inner = object.iter().map(|(key, value)| (key.clone(), with_unknown_fields(value)));
            Value::Object(inner.chain(more.map(|more| ("of_tomorrow".to_owned(), more))).collect())
        }
        Value::Array(items) => items.iter().map(with_unknown_fields).collect(),
        other => other.clone(),
    }
}

#[test]
fn the_state_of_this_version_is_what_it_keeps() {
    let path = folder().join(format!("v{}", env!("CARGO_PKG_VERSION"))).join("state.json");
    let kept = serde_json::to_value(busy().agent.state()).unwrap();
    if std::env::var_os("DRAY_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, serde_json::to_string_pretty(&kept).unwrap() + "\n").unwrap();
    }
    let golden: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(golden, kept, "the state is kept otherwise than its golden file says");
}

#[test]
fn every_version_of_the_state_is_read_in_full_and_goes_on() {
    for (version, golden) in golden_states() {
        let state: State = serde_json::from_str(&golden.to_string()).unwrap();
        assert!(holds(&serde_json::to_value(&state).unwrap(), &golden), "{version} loses something");
        let mut world = busy();
        let started = world.starts.len();
        world.kept = state;
        world.restart_agent();
        world.live(3 * DAY);
        assert_eq!((world.words("failed").0, world.words("runs").0), (Failed, Succeeded), "{version}");
        let again = world.starts[started..].iter().filter(|spec| spec.advertisement.as_str() == "failed").count();
        assert_eq!(again, 0, "{version}: what ran does not run again");
    }
}

#[test]
fn a_state_of_a_newer_agent_is_read_without_what_only_that_one_knows() {
    for (version, golden) in golden_states() {
        let read: State = serde_json::from_value(with_unknown_fields(&golden)).unwrap();
        let state: State = serde_json::from_value(golden).unwrap();
        assert_eq!(read, state, "{version}");
    }
}
