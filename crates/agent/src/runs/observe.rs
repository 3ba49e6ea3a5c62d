//! What a run's folder says, and the mark that keeps a run from ever starting.

use std::path::Path;

use dray_agent_core::{Outcome, RunObservation, RunResult};
use dray_model::{RunId, Timestamp};
use serde::de::DeserializeOwned;

use super::{Runs, RunsError, failed};
use crate::clock;
use crate::runner::{self, RESULT, STARTED, Started};

/// Largest file of a runner that is read, in bytes: a tail whose every byte JSON escapes in six.
const BYTES_MAX: u64 = 512 * 1024;

/// What a run's folder says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// No program was started, and none runs.
    NotStarted,
    /// A mark of the agent says that no program ever starts.
    Voided,
    /// A runner lives.
    Running,
    /// The run is over.
    Ended(RunResult),
}

impl From<Look> for RunObservation {
    fn from(look: Look) -> Self {
        match look {
            // A run that is voided again is voided still.
            Look::NotStarted | Look::Voided => Self::NotStarted,
            Look::Running => Self::Running,
            Look::Ended(RunResult { outcome: Outcome::Lost, .. }) => Self::Lost,
            Look::Ended(RunResult { outcome: Outcome::Interrupted, .. }) => Self::Interrupted,
            Look::Ended(result) => Self::Ended(result),
        }
    }
}

impl Runs {
    /// What the folder of `run` says; no folder says that nothing was started.
    ///
    /// # Errors
    /// [`RunsError::Folder`].
    pub fn look(&self, run: RunId) -> Result<Look, RunsError> {
        let folder = self.of(run);
        if !folder.is_dir() {
            return Ok(Look::NotStarted);
        }
        // While the lock is ours nothing changes.
        match runner::lock(&folder).map_err(failed("lock the run in", &folder))? {
            None => Ok(Look::Running),
            Some(_lock) => Ok(self.look_at_rest(&folder)),
        }
    }

    /// Makes sure that `run` never starts, if it has not; says what became of it.
    ///
    /// # Errors
    /// [`RunsError::Folder`]; it may start later then.
    pub fn void(&self, run: RunId) -> Result<Look, RunsError> {
        let folder = self.of(run);
        if !folder.is_dir() {
            // Without a folder, and with nobody but us to make one, nothing can start.
            return Ok(Look::Voided);
        }
        let Some(_lock) = runner::lock(&folder).map_err(failed("lock the run in", &folder))? else {
            return Ok(Look::Running);
        };
        let look = self.look_at_rest(&folder);
        if look == Look::NotStarted {
            let mark = Started { boot_id: self.boot_id.clone(), at: clock::now(), voided: true };
            mark.create(&folder).map_err(failed("mark the run in", &folder))?;
            return Ok(Look::Voided);
        }
        Ok(look)
    }

    /// What a folder says in which no runner lives.
    fn look_at_rest(&self, folder: &Path) -> Look {
        if let Some(result) = read(&folder.join(RESULT)) {
            return Look::Ended(result);
        }
        let path = folder.join(STARTED);
        match read::<Started>(&path) {
            Some(mark) if mark.voided => Look::Voided,
            Some(mark) => self.without_result(mark.boot_id == self.boot_id, mark.at),
            // A mark that can't be read is a mark: better a run whose result is not known than one that runs twice.
            None if path.exists() => self.without_result(true, clock::now()),
            None => Look::NotStarted,
        }
    }

    fn without_result(&self, same_boot: bool, started_at: Timestamp) -> Look {
        let outcome = if same_boot { Outcome::Lost } else { Outcome::Interrupted };
        Look::Ended(RunResult { outcome, started_at, duration_ms: 0, output_tail: String::new() })
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let size = std::fs::metadata(path).ok()?.len();
    if size > BYTES_MAX {
        return None;
    }
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::RunnerProgram;

    fn runs() -> (tempfile::TempDir, Runs, RunId) {
        let temp = tempfile::tempdir().unwrap();
        let runner = RunnerProgram { program: "/none".into(), arguments: Vec::new() };
        let runs = Runs::open(&temp.path().join("runs"), runner).unwrap();
        (temp, runs, RunId::from_random(7))
    }

    fn outcome(look: Look) -> Outcome {
        match look {
            Look::Ended(result) => result.outcome,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_run_begun_in_another_boot_is_interrupted_and_one_of_this_boot_is_lost() {
        let (_temp, runs, run) = runs();
        std::fs::create_dir(runs.of(run)).unwrap();
        assert_eq!(runs.look(run).unwrap(), Look::NotStarted);
        let mark = |boot_id: &str| Started { boot_id: boot_id.into(), at: Timestamp::from_secs(9), voided: false };
        assert!(mark("another").create(&runs.of(run)).unwrap());
        assert_eq!(outcome(runs.look(run).unwrap()), Outcome::Interrupted);
        std::fs::remove_file(runs.of(run).join(STARTED)).unwrap();
        assert!(mark(runs.boot_id()).create(&runs.of(run)).unwrap());
        assert_eq!(outcome(runs.look(run).unwrap()), Outcome::Lost);
        assert_eq!(runs.observe_all().unwrap()[&run], RunObservation::Lost);
    }

    #[test]
    fn a_mark_that_cannot_be_read_keeps_a_program_from_running_twice() {
        let (_temp, runs, run) = runs();
        std::fs::create_dir(runs.of(run)).unwrap();
        std::fs::write(runs.of(run).join(STARTED), b"\0\0").unwrap();
        assert_eq!(outcome(runs.look(run).unwrap()), Outcome::Lost);
    }

    #[test]
    fn a_voided_run_never_starts_and_stays_voided() {
        let (_temp, runs, run) = runs();
        assert_eq!(runs.void(run).unwrap(), Look::Voided, "without a folder");
        std::fs::create_dir(runs.of(run)).unwrap();
        assert_eq!(runs.void(run).unwrap(), Look::Voided);
        assert_eq!(runs.void(run).unwrap(), Look::Voided);
        assert_eq!(runs.look(run).unwrap(), Look::Voided);
        assert_eq!(runs.observe_all().unwrap()[&run], RunObservation::NotStarted);
        assert!(!Started { boot_id: String::new(), at: clock::now(), voided: false }.create(&runs.of(run)).unwrap());
    }

    #[test]
    fn a_run_whose_runner_lives_cannot_be_voided() {
        let (_temp, runs, run) = runs();
        std::fs::create_dir(runs.of(run)).unwrap();
        let lock = runner::lock(&runs.of(run)).unwrap();
        assert_eq!(runs.void(run).unwrap(), Look::Running);
        drop(lock);
        assert_eq!(runs.void(run).unwrap(), Look::Voided);
    }
}
