//! Roles and scopes from the command line, as an administrator makes them and as their holders meet them.

use std::process::Output;

use crate::fleet::{Fleet, assert_success, dray};

/// A profile for the token that `options` make.
fn log_in(fleet: &Fleet, name: &str, options: &[&str]) -> std::path::PathBuf {
    let made = fleet.dray(&[&["token", "create", name], options].concat());
    let text = std::fs::read_to_string(fleet.profile()).unwrap();
    let url = text.lines().find_map(|line| line.strip_prefix("url = ")).unwrap().trim_matches('"');
    let profile = fleet.path(&format!("{name}.toml"));
    let login = ["login", "--url", url, "--token", made["secret"].as_str().unwrap(), "--profile"];
    assert_success(&dray().args(login).arg(&profile).output().unwrap());
    profile
}

fn printed(output: &Output) -> String {
    String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap()
}

/// The lines, each up to its first `columns` words.
fn words(output: &Output, columns: usize) -> Vec<String> {
    assert_success(output);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| line.split_whitespace().take(columns).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn whoever_works_in_a_scope_sees_and_changes_that_part_alone() {
    let fleet = Fleet::new();
    let _site = fleet.serve_site();
    for package in ["editor", "viewer"] {
        fleet.dray(&["package", "create", package, "--program", "install=./setup.sh"]);
    }
    fleet.dray(&["collection", "create", "berlin-pcs", "--all"]);
    fleet.dray(&["scope", "create", "berlin", "--title", "The office in Berlin"]);
    fleet.dray(&["scope", "add", "berlin", "package", "editor"]);
    fleet.dray(&["scope", "add", "berlin", "collection", "berlin-pcs"]);
    let objects = fleet.try_dray(&["scope", "objects", "berlin"]);
    assert_eq!(words(&objects, 2), ["KIND NAME", "collection berlin-pcs", "package editor"]);
    assert_eq!(words(&fleet.try_dray(&["scope", "list"]), 1), ["NAME", "berlin"]);

    let anna = log_in(&fleet, "anna", &["--role", "administrator", "--scope", "berlin"]);
    let by_anna = |args: &[&str]| dray().args(args).arg("--profile").arg(&anna).output().unwrap();
    assert_eq!(words(&by_anna(&["package", "list"]), 1), ["NAME", "editor"]);
    let advertise = ["--program", "install", "--collection", "berlin-pcs"];
    assert_success(&by_anna(&[&["advertisement", "create", "now", "--package", "editor"], &advertise[..]].concat()));
    let hidden = by_anna(&["package", "show", "viewer"]);
    assert_eq!(hidden.status.code(), Some(3));
    assert!(printed(&hidden).starts_with("error: there is no package viewer\n"), "{}", printed(&hidden));
    let beyond = by_anna(&["collection", "create", "all", "--all"]);
    assert_eq!(beyond.status.code(), Some(6));
    let expected =
        "error: token:anna may manage collections only within the scope berlin, and this affects objects outside it\n";
    assert!(printed(&beyond).starts_with(expected), "{}", printed(&beyond));
    let used = fleet.try_dray(&["scope", "delete", "berlin"]);
    assert_eq!(used.status.code(), Some(4), "{}", printed(&used));
}

#[test]
fn a_role_of_ones_own_grants_what_it_says() {
    let fleet = Fleet::new();
    let _site = fleet.serve_site();
    let refused = fleet.try_dray(&["role", "create", "helpdesk", "--grant", "write:device"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(printed(&refused).contains("write read:KIND or manage:KIND"), "{}", printed(&refused));
    fleet.dray(&["role", "create", "helpdesk", "--grant", "read:device,read:advertisement"]);
    let roles = words(&fleet.try_dray(&["role", "list"]), 1);
    assert_eq!(roles, ["NAME", "administrator", "helpdesk", "operator", "publisher", "reader"]);

    let anna = log_in(&fleet, "anna", &["--role", "helpdesk"]);
    let by_anna = |args: &[&str]| dray().args(args).arg("--profile").arg(&anna).output().unwrap();
    assert_success(&by_anna(&["device", "list"]));
    assert_eq!(by_anna(&["package", "list"]).status.code(), Some(6));
    fleet.dray(&["role", "change", "helpdesk", "--grant", "read:device,read:package"]);
    assert_success(&by_anna(&["package", "list"]));
    let predefined = fleet.try_dray(&["role", "delete", "reader"]);
    assert_eq!(predefined.status.code(), Some(4), "{}", printed(&predefined));
}
