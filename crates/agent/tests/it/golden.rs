//! What agents and runners leave in files for each other is read whatever version wrote it.

use dray_agent::identity::Identity;
use dray_agent::runner::Started;
use dray_agent::state::Refusals;
use dray_agent_core::RunResult;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Objects whose keys are data, or that have one key which says what they are.
const CLOSED: [&str; 2] = ["trusted_keys", "outcome"];

fn check<T: Serialize + DeserializeOwned + PartialEq>(name: &str, sample: Value) {
    let sample: T = serde_json::from_value(sample).unwrap();
    dray_golden::check(env!("CARGO_MANIFEST_DIR"), env!("CARGO_PKG_VERSION"), name, &sample, &CLOSED);
}

#[test]
fn an_identity_is_read_whatever_version_enrolled() {
    check::<Identity>(
        "identity",
        json!({
            "format": 1, "site_url": "https://dray.example.org:8441", "site": "main", "device": "d-0000000000007",
            "name": "pc-1", "key": "-----BEGIN PRIVATE KEY-----", "certificate": "-----BEGIN CERTIFICATE-----",
            "authority": "-----BEGIN CERTIFICATE-----", "trusted_keys": { "keys": {}, "roles": {} }
        }),
    );
}

#[test]
fn a_run_is_read_whatever_version_of_agent_or_runner_wrote_it() {
    check::<Started>("started", json!({ "boot_id": "b-1", "at": "2026-11-24T12:00:00Z", "voided": true }));
    let outcomes = [
        ("exit", json!({ "exit": 3010 })),
        ("signal", json!({ "signal": 9 })),
        ("time_limit", json!("time_limit")),
        ("not_startable", json!({ "not_startable": "there is no such file" })),
        ("interrupted", json!("interrupted")),
        ("lost", json!("lost")),
    ];
    for (name, outcome) in outcomes {
        let result = json!({
            "outcome": outcome, "started_at": "2026-11-24T12:00:00Z", "duration_ms": 1500, "output_tail": "done\n",
        });
        check::<RunResult>(&format!("result_{name}"), result);
    }
}

#[test]
fn what_the_site_refused_is_remembered_across_versions() {
    let last =
        json!({ "number": 7, "at": "2026-11-24T12:00:00Z", "code": "unknown_run", "why": "there is no such run" });
    check::<Refusals>("refusals", json!({ "count": 3, "last": last }));
}
