//! The demonstration does what it says, and leaves nothing behind.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::fleet::{assert_success, dray, names_in, until};

fn processes_in(folder: &str) -> usize {
    let of_ours = |pid: &std::path::Path| {
        let command = std::fs::read(pid.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&command).contains(folder)
    };
    std::fs::read_dir("/proc").unwrap().filter(|entry| of_ours(&entry.as_ref().unwrap().path())).count()
}

#[test]
fn a_release_and_its_update_reach_every_agent_and_the_update_moves_few_bytes() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("demo");
    let output = dray().args(["demo", "--once", "--json", "--folder"]).arg(&folder).output().unwrap();
    assert_success(&output);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let devices = report["devices"].as_array().unwrap();
    assert_eq!(devices.len(), 3);
    let size = report["releases"][1]["size_bytes"].as_u64().unwrap();
    for device in devices {
        assert_eq!((&device["state"], &device["exit_code"]), (&Value::from("succeeded"), &Value::from(0)), "{device}");
        let deliveries = device["deliveries"].as_array().unwrap();
        assert_eq!(deliveries.len(), 2, "{device}");
        let fetched = deliveries[1]["fetched_bytes"].as_u64().unwrap();
        // With chunks, the manifest alone would be more.
        assert!(fetched > 0 && fetched * 4000 < size, "{fetched} of {size} bytes were fetched");
        assert!(deliveries[1]["sources"]["point"].as_u64() > Some(0), "{device}");
    }
    let links = report["why"]["chains"][0]["links"].as_array().unwrap();
    assert!(links.iter().all(|link| link["holds"] == "yes"), "{links:?}");
    assert!(!folder.exists());
    until("every process of the demonstration is gone", || (processes_in(folder.to_str().unwrap()) == 0).then_some(()));
}

#[test]
fn a_folder_of_ones_own_is_distributed_and_stays_as_it_was() {
    let mine = tempfile::tempdir().unwrap();
    std::fs::write(mine.path().join("install.sh"), "test -f data || exit 7; echo installed\n").unwrap();
    std::fs::write(mine.path().join("data"), vec![7; 100_000]).unwrap();
    let demo = dray().args(["demo", "--once", "--agents", "1", "--package"]).arg(mine.path()).output().unwrap();
    assert_success(&demo);
    let said = String::from_utf8(demo.stdout).unwrap();
    assert!(said.contains("succeeded") && !said.contains('\u{1b}'), "{said}");
    let mut names = names_in(mine.path());
    names.sort();
    assert_eq!(names, ["data", "install.sh"]);
}

#[test]
fn a_program_that_fails_fails_the_demonstration() {
    let mine = tempfile::tempdir().unwrap();
    std::fs::write(mine.path().join("install.sh"), "exit 3\n").unwrap();
    let demo = dray().args(["demo", "--once", "--agents", "1", "--package"]).arg(mine.path()).output().unwrap();
    let said = String::from_utf8(demo.stderr).unwrap();
    assert_eq!(demo.status.code(), Some(1), "{said}");
    assert!(said.contains("exit code 3"), "{said}");
}

#[test]
fn a_demonstration_serves_until_it_is_asked_to_end_and_leaves_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("demo");
    let mut demo = dray();
    demo.args(["demo", "--agents", "1", "--folder"]).arg(&folder).stdout(Stdio::piped());
    let mut demo = demo.spawn().unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("keeps running")), "it ended before it served");
    let listed = dray().args(["device", "list", "--profile"]).arg(folder.join("site/admin.toml")).output().unwrap();
    assert_success(&listed);
    let pid = rustix::process::Pid::from_child(&demo);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(demo.wait().unwrap().code(), Some(0));
    assert!(!folder.exists());
    assert_eq!(processes_in(folder.to_str().unwrap()), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_outlives_a_demonstration_that_is_killed() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("demo");
    let mut demo = dray();
    demo.args(["demo", "--agents", "1", "--folder"]).arg(&folder).stdout(Stdio::null());
    let mut demo = demo.spawn().unwrap();
    until("the site and an agent run", || (processes_in(folder.to_str().unwrap()) >= 4).then_some(()));
    demo.kill().unwrap();
    demo.wait().unwrap();
    until("every process of the demonstration is gone", || (processes_in(folder.to_str().unwrap()) == 0).then_some(()));
    // The folder of a demonstration that was killed stays: nobody was left to remove it.
    assert!(folder.exists());
}
