//! The runner as a process: what programs do to it and what it writes down.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dray_agent::runner::spec::Spec;
use dray_agent::runner::{RESULT, SPEC, STARTED};
use dray_agent_core::{Outcome, RunResult};
use dray_model::RunId;
use dray_model::program::Program;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The folder of one run whose content is a folder of its own.
pub(crate) struct Run {
    pub(crate) temp: TempDir,
}

impl Run {
    /// A run of a shell script.
    fn script(text: &str) -> Self {
        let run = Self::command("/bin/sh script");
        run.content_file("script", text);
        run
    }

    fn command(command: &str) -> Self {
        Self::limited(command, 60_000)
    }

    fn limited(command: &str, run_limit_ms: u64) -> Self {
        let run = Self { temp: tempfile::tempdir().unwrap() };
        std::fs::create_dir(run.content()).unwrap();
        std::fs::create_dir(run.folder()).unwrap();
        let spec = Spec {
            format: Spec::FORMAT,
            run: RunId::from_random(7),
            package: "tool".parse().unwrap(),
            program: Program::new("install".parse().unwrap(), command.parse().unwrap()),
            content: Some(run.content()),
            run_limit_ms,
            stop_grace_ms: 300,
        };
        std::fs::write(run.folder().join(SPEC), serde_json::to_vec(&spec).unwrap()).unwrap();
        run
    }

    fn content(&self) -> PathBuf {
        self.temp.path().join("content")
    }

    fn content_file(&self, name: &str, text: &str) {
        std::fs::write(self.content().join(name), text).unwrap();
    }

    fn folder(&self) -> PathBuf {
        self.temp.path().join("run")
    }

    fn spawn(&self) -> Child {
        spawn(&self.folder())
    }

    /// Runs to the end and reads the result.
    fn result(&self) -> RunResult {
        assert!(self.spawn().wait().unwrap().success());
        read_result(&self.folder())
    }

    /// Waits for a file that a program of the run makes in the content folder, and reads it.
    fn wait_for(&self, name: &str) -> String {
        wait_for(&self.content().join(name))
    }
}

pub(crate) fn spawn(folder: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dray-agent"));
    command.arg("runner").arg(folder).stdin(Stdio::null()).spawn().unwrap()
}

pub(crate) fn read_result(folder: &Path) -> RunResult {
    serde_json::from_slice(&std::fs::read(folder.join(RESULT)).unwrap()).unwrap()
}

/// Asks a process to end. A machine need not have the program that does this.
pub(crate) fn end(pid: &str) {
    let pid = pid.trim().parse().ok().and_then(Pid::from_raw).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
}

/// Waits for a file with a full line in it.
pub(crate) fn wait_for(path: &Path) -> String {
    let begun = Instant::now();
    loop {
        if let Ok(text) = std::fs::read_to_string(path)
            && text.ends_with('\n')
        {
            return text;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{} does not come", path.display());
        std::thread::yield_now();
    }
}

fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !stat.is_empty() && !stat.rsplit_once(") ").unwrap().1.starts_with('Z')
}

#[test]
fn an_exit_code_and_both_outputs_are_kept() {
    let result = Run::script("echo out; echo err >&2; exit 75").result();
    assert_eq!(result.outcome, Outcome::Exit(75));
    assert_eq!(result.output_tail, "out\nerr\n");
}

#[test]
fn a_signal_that_ends_the_program_is_kept() {
    assert_eq!(Run::script("kill -9 $$").result().outcome, Outcome::Signal(9));
}

#[test]
fn a_program_gets_a_clean_environment_its_content_folder_and_no_input() {
    let run = Run::script("cat; pwd; env | sort");
    let result = run.result();
    let content = run.content().display().to_string();
    let lines: Vec<_> = result.output_tail.lines().collect();
    assert_eq!(lines[0], content);
    let names: Vec<_> = lines[1..].iter().map(|line| line.split_once('=').unwrap().0).collect();
    let own = names.iter().filter(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(*name));
    let own: Vec<_> = own.copied().collect();
    assert_eq!(own, ["DRAY_CONTENT", "DRAY_PACKAGE", "DRAY_PROGRAM", "DRAY_RUN", "HOME", "LANG", "PATH"]);
    assert!(lines.contains(&"DRAY_PACKAGE=tool") && lines.contains(&"DRAY_RUN=r-0000000000007"));
}

#[test]
fn a_command_that_is_not_there_is_a_result() {
    for command in ["no-such-command --x", "./missing", "'unclosed", "/etc/hostname-that-is-not-there"] {
        let result = Run::command(command).result();
        assert!(matches!(result.outcome, Outcome::NotStartable(_)), "{command}: {result:?}");
    }
}

#[test]
fn a_file_that_the_system_cannot_start_is_a_result() {
    use std::os::unix::fs::PermissionsExt;
    let run = Run::command("./broken");
    run.content_file("broken", "no program, no shebang");
    std::fs::set_permissions(run.content().join("broken"), PermissionsExt::from_mode(0o755)).unwrap();
    assert!(matches!(run.result().outcome, Outcome::NotStartable(_)));
}

#[test]
fn a_damaged_spec_is_a_result_and_never_a_start() {
    let run = Run::command("true");
    std::fs::write(run.folder().join(SPEC), "{").unwrap();
    assert!(matches!(run.result().outcome, Outcome::NotStartable(error) if error.contains("damaged")));
}

#[test]
fn the_time_limit_ends_the_whole_tree_and_what_left_its_session_too() {
    // A grandchild in a session of its own whose parent is gone, one that ignores being asked, and the program itself.
    let run = Run::limited("/bin/sh script", 1500);
    run.content_file(
        "script",
        "setsid sh -c 'setsid sh -c \"echo \\$\\$ > far.new; mv far.new far; exec sleep 1000\" & exit' \n\
         sh -c 'trap \"\" TERM; echo $$ > deaf.new; mv deaf.new deaf; while :; do sleep 1000; done' &\n\
         echo $$ > own.new; mv own.new own; sleep 1000",
    );
    let mut runner = run.spawn();
    let pids = [run.wait_for("far"), run.wait_for("deaf"), run.wait_for("own")];
    assert!(pids.iter().all(|pid| lives(pid)), "{pids:?}");
    assert!(runner.wait().unwrap().success());
    let result = read_result(&run.folder());
    assert_eq!(result.outcome, Outcome::TimeLimit);
    assert!((1500..20_000).contains(&result.duration_ms), "{}", result.duration_ms);
    assert!(!pids.iter().any(|pid| lives(pid)), "{pids:?}");
}

#[test]
fn a_program_that_is_asked_may_tidy_up() {
    let run = Run::limited("/bin/sh script", 700);
    run.content_file("script", "trap 'echo tidied; exit 0' TERM\necho begun\nwhile :; do sleep 0.05; done");
    let result = run.result();
    assert_eq!(result.outcome, Outcome::TimeLimit);
    assert!(result.output_tail.ends_with("tidied\n"), "{}", result.output_tail);
}

#[test]
fn a_flood_of_output_neither_fills_memory_nor_blocks_the_program() {
    let result = Run::script("yes 0123456789abcde | head -c 80000000; echo; echo the end").result();
    assert_eq!(result.outcome, Outcome::Exit(0));
    assert!(result.output_tail.len() <= 64 * 1024);
    assert!(result.output_tail.ends_with("the end\n") && result.output_tail.starts_with(|c: char| c.is_ascii()));
}

#[test]
fn a_child_left_behind_that_holds_the_output_open_does_not_hold_the_runner() {
    let run = Run::script("sleep 1000 & echo $! > left.new; mv left.new left; echo done");
    let result = run.result();
    assert_eq!((result.outcome, result.output_tail.as_str()), (Outcome::Exit(0), "done\n"));
    let left = run.wait_for("left");
    assert!(lives(&left), "what a program leaves behind on purpose lives on");
    end(&left);
}

#[test]
fn a_second_runner_does_nothing_while_the_first_lives_or_after_it() {
    let run = Run::script("echo x >> count; echo > begun; sleep 0.5");
    let mut first = run.spawn();
    run.wait_for("begun");
    assert!(run.spawn().wait().unwrap().success());
    assert!(!run.folder().join(RESULT).exists(), "the first one still runs");
    assert!(first.wait().unwrap().success());
    assert!(run.spawn().wait().unwrap().success());
    assert_eq!(run.wait_for("count"), "x\n");
}

#[test]
fn a_runner_that_was_killed_leaves_its_mark_and_no_other_starts_the_program() {
    let run = Run::script("echo x >> count; echo $$ > own; exec sleep 1000");
    let mut runner = run.spawn();
    let own = run.wait_for("own");
    runner.kill().unwrap();
    runner.wait().unwrap();
    assert!(run.spawn().wait().unwrap().success());
    assert!(run.folder().join(STARTED).exists() && !run.folder().join(RESULT).exists());
    assert_eq!(run.wait_for("count"), "x\n");
    end(&own);
}

#[test]
fn a_runner_whose_folder_cannot_be_claimed_fails_and_starts_nothing() {
    let run = Run::script("echo x > count");
    std::fs::create_dir(run.folder().join("lock")).unwrap();
    assert!(!run.spawn().wait().unwrap().success());
    assert!(!run.content().join("count").exists());
}
