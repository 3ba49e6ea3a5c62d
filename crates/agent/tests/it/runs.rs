//! Runs as the agent sees them: begun, followed, taken up again after the agent is gone.

use dray_agent::runs::{Look, RunnerProgram, Runs};
use dray_agent_core::{Outcome, RunObservation, RunSpec};
use dray_model::RunId;
use dray_model::package::ReleaseNumber;
use dray_model::program::Program;

use crate::runner::{end, wait_for};

fn open(folder: &std::path::Path) -> Runs {
    let runner = RunnerProgram { program: env!("CARGO_BIN_EXE_dray-agent").into(), arguments: vec!["runner".into()] };
    Runs::open(folder, runner).unwrap()
}

fn spec(run: u64, command: &str) -> RunSpec {
    RunSpec {
        run: RunId::from_random(run),
        advertisement: "tool-everywhere".parse().unwrap(),
        package: "tool".parse().unwrap(),
        release: ReleaseNumber { source_version: 1, revision: 1 },
        program: Program::new("install".parse().unwrap(), command.parse().unwrap()),
        content: None,
    }
}

#[tokio::test]
async fn a_run_is_followed_from_its_start_to_its_result() {
    let temp = tempfile::tempdir().unwrap();
    let runs = open(temp.path());
    let run = spec(1, "sh -c 'echo hello; exit 4'");
    runs.prepare(&run, None).unwrap();
    let result = runs.follow(run.run).await.unwrap().unwrap();
    assert_eq!((result.outcome, result.output_tail.as_str()), (Outcome::Exit(4), "hello\n"));
    runs.remove(run.run).unwrap();
    assert_eq!(runs.look(run.run).unwrap(), Look::NotStarted);
}

#[tokio::test]
async fn an_agent_that_comes_back_follows_a_program_that_it_did_not_start() {
    let temp = tempfile::tempdir().unwrap();
    let run = spec(2, "sh -c 'echo > begun; while ! [ -e go ]; do sleep 0.02; done; exit 3'");
    let work = {
        let runs = open(temp.path());
        runs.prepare(&run, None).unwrap();
        std::mem::forget(runs.spawn(run.run).unwrap());
        runs.of(run.run).join("work")
    };
    wait_for(&work.join("begun"));
    let runs = open(temp.path());
    assert_eq!(runs.observe_all().unwrap()[&run.run], RunObservation::Running);
    let (result, ()) = tokio::join!(runs.follow(run.run), async { std::fs::write(work.join("go"), "").unwrap() });
    assert_eq!(result.unwrap().unwrap().outcome, Outcome::Exit(3));
}

#[tokio::test]
async fn a_killed_runner_is_a_lost_run() {
    let temp = tempfile::tempdir().unwrap();
    let runs = open(temp.path());
    let run = spec(3, "sh -c 'echo $$ > own; exec sleep 1000'");
    runs.prepare(&run, None).unwrap();
    let mut child = runs.spawn(run.run).unwrap();
    let own = wait_for(&runs.of(run.run).join("work/own"));
    child.kill().await.unwrap();
    assert_eq!(runs.follow(run.run).await.unwrap().unwrap().outcome, Outcome::Lost);
    end(&own);
}

#[tokio::test]
async fn a_voided_run_never_runs_even_when_a_runner_comes_late() {
    let temp = tempfile::tempdir().unwrap();
    let runs = open(temp.path());
    let run = spec(4, "touch ran");
    runs.prepare(&run, None).unwrap();
    assert_eq!(runs.void(run.run).unwrap(), Look::Voided);
    assert!(runs.spawn(run.run).unwrap().wait().await.unwrap().success());
    assert_eq!(runs.follow(run.run).await.unwrap(), None);
    assert!(!runs.of(run.run).join("work").exists());
}
