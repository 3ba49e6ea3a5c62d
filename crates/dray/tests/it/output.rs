//! What commands print: tables for people, JSON and YAML for programs.

use crate::fleet::{Fleet, assert_success};

#[test]
fn one_package_is_one_value_in_every_format() {
    let fleet = Fleet::new();
    let _site = fleet.serve_site();
    let options = ["--title", "An editor", "--program", "install=./setup.sh --quiet", "--program", "remove=./rm.sh"];
    fleet.dray(&[&["package", "create", "editor"], &options[..]].concat());

    let table = fleet.try_dray(&["package", "show", "editor"]);
    assert_success(&table);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains("programs       install: ./setup.sh --quiet\n               remove: ./rm.sh\n"), "{table}");
    assert!(table.lines().all(|line| line.len() <= 100 && !line.ends_with(' ')), "{table}");

    assert_eq!(fleet.dray(&["package", "list"])[0]["properties"]["title"], "An editor");
    let yaml = fleet.try_dray(&["package", "list", "--output", "yaml"]);
    assert!(String::from_utf8(yaml.stdout).unwrap().starts_with("- name: editor\n"));
}

#[test]
fn programs_change_one_by_one() {
    let fleet = Fleet::new();
    let _site = fleet.serve_site();
    fleet.dray(&["package", "create", "editor", "--program", "install=./setup.sh"]);
    let settings = ["--max-run-time", "15m", "--exit-code", "3=retry", "--exit-code", "0=success", "--disabled"];
    let changed = fleet.dray(&[&["program", "change", "editor", "install"], &settings[..]].concat());
    assert_eq!(changed[0]["max_run_time"], 900);
    assert_eq!(changed[0]["exit_codes"], serde_json::json!({ "0": "success", "3": "retry" }));
    assert_eq!(changed[0]["disabled"], true);
    fleet.dray(&["program", "add", "editor", "remove", "./rm.sh --all"]);
    let left = fleet.dray(&["program", "remove", "editor", "install"]);
    assert_eq!((left.as_array().unwrap().len(), &left[0]["command"]), (1, &"./rm.sh --all".into()));
}

#[test]
fn changes_stand_in_the_audit_log() {
    let fleet = Fleet::new();
    let _site = fleet.serve_site();
    fleet.dray(&["collection", "create", "fleet", "--all"]);
    fleet.dray(&["collection", "delete", "fleet"]);
    let records = fleet.dray(&["audit", "--limit", "2"]);
    let actions: Vec<_> = records.as_array().unwrap().iter().map(|record| record["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["collection.delete", "collection.create"]);
}
