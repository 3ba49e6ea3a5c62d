//! Whose turn it is: one program runs at a time, mandatory before optional, then by age.

use std::collections::BTreeMap;

use dray_model::Name;
use dray_model::state::{ClientState, Reason};

use crate::assess::{Ready, Scene, Stop};
use crate::check::Stage;

/// Where every offer stands, and the one that starts now.
pub(crate) struct Turns {
    pub(crate) stops: BTreeMap<Name, Stop>,
    pub(crate) start: Option<Name>,
}

/// Takes every offer through all gates.
pub(crate) fn turns(scene: &Scene<'_>) -> Turns {
    let mut stops = BTreeMap::new();
    let mut queue: Vec<(&Name, Ready<'_>)> = Vec::new();
    for (name, offer) in &scene.state.offers {
        match scene.ready(name, offer) {
            Ok(ready) => queue.push((name, ready)),
            Err(stop) => drop(stops.insert(name.clone(), stop)),
        }
    }
    queue.sort_by_key(|(_, ready)| ready.task.rank());
    let mut first = scene.state.place_holder();
    let mut start = None;
    for (name, ready) in queue {
        let stop = match first {
            Some(first) => {
                Stop::new(ClientState::Queued, Reason::AnotherProgramRuns { advertisement: first.to_string() })
            }
            None => {
                first = Some(name);
                match wait_for_check(scene, name, &ready) {
                    Some(stop) => stop,
                    None => {
                        start = Some(name.clone());
                        Stop::new(ClientState::Queued, Reason::Starting)
                    }
                }
            }
        };
        stops.insert(name.clone(), stop);
    }
    Turns { stops, start }
}

/// A program whose effect can be detected starts on a look that was taken when its turn had come.
fn wait_for_check(scene: &Scene<'_>, name: &Name, ready: &Ready<'_>) -> Option<Stop> {
    let must_check = ready.offered.program.detect.is_some();
    let waits = must_check && !scene.checks.is_answered(name, Stage::BeforeRun, scene.facts);
    waits.then(|| Stop { check: Some(Stage::BeforeRun), ..Stop::new(ClientState::Queued, Reason::TakingFacts) })
}
