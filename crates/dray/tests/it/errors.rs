//! What the command line says, and the exit code it ends with, when something is wrong.

use std::process::Output;

use crate::fleet::{Fleet, dray};

/// Standard error and exit code.
fn said(output: &Output) -> String {
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    format!("{text}exit code {}", output.status.code().unwrap())
}

#[test]
fn without_a_profile_it_says_how_to_get_one() {
    let output = dray().args(["package", "list", "--profile", "/nowhere/profile.toml"]).output().unwrap();
    insta::assert_snapshot!(said(&output), @r#"
    error: there is no profile at /nowhere/profile.toml
    hint: write one with dray login --url https://SITE:8440 --token TOKEN, or use the admin.toml that dray site init writes to the site's folder
    exit code 2
    "#);
}

#[test]
fn a_site_that_is_down_is_not_a_refusal() {
    let fleet = Fleet::new();
    let output = fleet.try_dray(&["package", "list"]);
    let text = said(&output);
    assert!(text.starts_with("error: cannot reach https://127.0.0.1:"), "{text}");
    assert!(text.contains("\nhint: is the site running") && text.ends_with("exit code 5"), "{text}");
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_2() {
    for line in
        [&["package", "create"][..], &["packages"], &["program", "add", "a", "b", "c", "--max-run-time", "soon"]]
    {
        assert_eq!(dray().args(line).output().unwrap().status.code(), Some(2), "{line:?}");
    }
}

#[test]
fn a_value_that_nobody_would_read_is_not_repeated() {
    let long = "é".repeat(5000);
    for line in [
        &["package", "show", &long][..],
        &["enrolment-token", "create", "--valid", &long],
        &["program", "add", "a", "b", "c", "--exit-code", &long],
        &[&long],
    ] {
        let text = said(&dray().args(line).output().unwrap());
        assert!(text.contains("… (5000 characters)") && text.chars().count() < 1000, "{text}");
        assert!(text.ends_with("exit code 2"), "{text}");
    }
}

#[test]
fn refusals_say_what_why_and_what_to_do() {
    let fleet = Fleet::new();
    let _site = fleet.serve_site();
    fleet.dray(&["package", "create", "editor", "--program", "install=./setup.sh"]);
    let refused = |args: &[&str]| said(&fleet.try_dray(args));

    insta::assert_snapshot!(refused(&["package", "show", "edtor"]), @r#"
    error: there is no package edtor
    hint: choose one from `dray package list`
    exit code 3
    "#);
    insta::assert_snapshot!(refused(&["package", "create", "editor"]), @r#"
    error: cannot create the package editor: the name is taken
    hint: choose another name, or change the package that has it
    exit code 4
    "#);
    insta::assert_snapshot!(refused(&["program", "add", "editor", "install", "./other.sh"]), @r#"
    error: package editor already has a program install
    hint: change it with dray program change editor install
    exit code 4
    "#);
    insta::assert_snapshot!(refused(&["program", "add", "editor", "remove", "./rm.sh \"all"]), @r#"
    error: cannot use the command of the program remove: the command line has an opening " but no closing one
      ./rm.sh "all
              ^
    hint: close the quote, or put a backslash before a quote that is part of the text
    exit code 1
    "#);
    insta::assert_snapshot!(refused(&["collection", "create", "c", "--query", "memroy_bytes > 0"]), @r#"
    error: cannot use the expression of rule 1: unknown name "memroy_bytes"
      memroy_bytes > 0
      ^^^^^^^^^^^^
    hint: did you mean memory_bytes?
    exit code 1
    "#);
    insta::assert_snapshot!(refused(&["package", "create", "other", "--source", "/nowhere/at/all"]), @r#"
    error: cannot use /nowhere/at/all as a source folder: No such file or directory (os error 2)
    hint: the folder must be readable on the site server, not on the machine that this request came from
    exit code 1
    "#);
    insta::assert_snapshot!(refused(&["--output", "json", "device", "show", "nobody"]), @r#"
    {"error":{"code":"not_found","exit":3,"hint":"choose one from `dray device list`","message":"there is no device nobody"}}
    exit code 3
    "#);
    let nobody = ["--package", "editor", "--program", "install", "--collection", "nobody"];
    insta::assert_snapshot!(refused(&[&["advertisement", "create", "now"], &nobody[..]].concat()), @r#"
    error: cannot advertise to the collection nobody: it does not exist
    hint: create it first, or choose one from `dray collection list`
    exit code 3
    "#);
}

#[test]
fn a_wrong_token_is_denied_and_never_shown() {
    let fleet = Fleet::new();
    let _site = fleet.serve_site();
    let text = std::fs::read_to_string(fleet.profile()).unwrap();
    let token = text.lines().find_map(|line| line.strip_prefix("token = ")).unwrap().trim_matches('"').to_owned();
    let parts: Vec<_> = token.split('.').collect();
    let wrong = format!("{}.{}.{}", parts[0], "0".repeat(32), parts[2]);
    let profile = fleet.path("wrong.toml");
    std::fs::write(&profile, text.replace(&token, &wrong)).unwrap();
    let output = dray().args(["package", "list", "--profile"]).arg(profile).output().unwrap();
    let text = said(&output);
    assert!(text.starts_with("error: ") && text.ends_with("exit code 6") && !text.contains(&"0".repeat(32)), "{text}");
}

#[test]
fn whoever_has_the_site_s_folder_gets_back_in_and_the_audit_log_tells() {
    let fleet = Fleet::new();
    let site = fleet.path("site");
    let ask = |dir: &std::path::Path| dray().args(["site", "token", "--name", "rescue"]).arg(dir).output().unwrap();
    let made = ask(&site);
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    let _site = fleet.serve_site();
    let rescue = fleet.path("rescue.toml");
    let profile = std::fs::read_to_string(fleet.profile()).unwrap();
    let lost = profile.lines().find_map(|line| line.strip_prefix("token = ")).unwrap().trim_matches('"');
    std::fs::write(&rescue, profile.replace(lost, String::from_utf8(made.stdout).unwrap().trim())).unwrap();
    let audit = dray().args(["--output", "json", "audit", "--profile"]).arg(rescue).output().unwrap();
    let audit: serde_json::Value = serde_json::from_slice(&audit.stdout).unwrap();
    let told = audit.as_array().unwrap().iter().find(|record| record["object_name"] == "rescue").unwrap();
    assert_eq!((&told["action"], &told["actor"]), (&"token.create".into(), &"system".into()));
    assert_eq!(ask(&site).status.code(), Some(4), "the name is taken");
    assert_eq!(ask(&fleet.path("nowhere")).status.code(), Some(1));
}

#[test]
fn a_login_writes_a_profile_only_for_a_token_that_the_site_takes() {
    let fleet = Fleet::new();
    let _site = fleet.serve_site();
    let made = fleet.dray(&["token", "create", "robot", "--role", "reader"]);
    let secret = made["secret"].as_str().unwrap();
    let text = std::fs::read_to_string(fleet.profile()).unwrap();
    let url = text.lines().find_map(|line| line.strip_prefix("url = ")).unwrap().trim_matches('"');
    let profile = fleet.path("robot.toml");
    let login = |secret: &str| {
        dray().args(["login", "--url", url, "--token", secret, "--profile"]).arg(&profile).output().unwrap()
    };
    fleet.dray(&["token", "create", "gone", "--role", "reader"]);
    assert_eq!(login(&secret.replace("dray-admin", "dray-enrol")).status.code(), Some(2));
    assert!(!profile.exists());
    assert_eq!(login(secret).status.code(), Some(0));
    let listed = dray().args(["package", "list", "--profile"]).arg(&profile).output().unwrap();
    assert_eq!(listed.status.code(), Some(0));
    let denied = dray().args(["package", "create", "x", "--profile"]).arg(&profile).output().unwrap();
    assert_eq!(denied.status.code(), Some(6), "{}", String::from_utf8_lossy(&denied.stderr));
}
