//! What `--wait` tells while the work that it waits for doesn't get on.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::fleet::{Fleet, dray};

#[test]
fn a_failed_attempt_is_told_while_it_is_waited_for_the_next() {
    let fleet = Fleet::new();
    let _site = fleet.serve_site();
    let source = fleet.path("source");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("setup.sh"), "true").unwrap();
    // A store that can't be written to: its folder is a file.
    let content = fleet.path("site/content");
    fs::remove_dir_all(&content).unwrap();
    fs::write(&content, "").unwrap();
    let mut waiting = dray()
        .arg("--profile")
        .arg(fleet.profile())
        .args(["package", "create", "editor", "--wait", "--source"])
        .arg(&source)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(waiting.stderr.take().unwrap()).lines().next().unwrap().unwrap();
    let still_waits = waiting.try_wait().unwrap().is_none();
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    assert!(said.starts_with("publish editor: attempt 1 failed: ") && said.contains("; next try 20"), "{said}");
    assert!(still_waits, "{said}");
}
