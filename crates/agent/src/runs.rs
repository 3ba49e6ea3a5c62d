//! The agent's side of runs: their folders, their runners and what became of them.
//!
//! A run's folder is the only truth about it (see `runner`): whatever the agent remembers of a runner, it looks there, with
//! the run's lock in hand, before it says that a program runs, has ended, was lost or was never started.

mod follow;
mod observe;
mod start;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use dray_agent_core::RunObservation;
use dray_model::RunId;

use crate::platform;

pub use observe::Look;

/// How this program is started again as a runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerProgram {
    /// The program's file.
    pub program: PathBuf,
    /// The arguments before the run's folder.
    pub arguments: Vec<OsString>,
}

/// The runs of one agent.
#[derive(Debug, Clone)]
pub struct Runs {
    folder: PathBuf,
    runner: RunnerProgram,
    boot_id: String,
}

/// Why something could not be done with a run's folder.
#[derive(Debug, thiserror::Error)]
pub enum RunsError {
    /// The folder can't be read or written.
    #[error("cannot {attempt} {path}")]
    Folder {
        /// What was attempted.
        attempt: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// The system does not say which boot this is.
    #[error("cannot find out when the computer was started")]
    BootId(#[source] io::Error),
    /// The runner can't be started.
    #[error("cannot start the runner {program}")]
    Runner {
        /// Its file.
        program: PathBuf,
        /// What happened.
        #[source]
        source: io::Error,
    },
}

impl RunnerProgram {
    /// This very program, told to be a runner; `prefix` are the arguments that lead to the agent's commands.
    #[must_use]
    pub fn own(prefix: &[&str]) -> Self {
        let arguments = prefix.iter().copied().chain(["runner"]).map(OsString::from).collect();
        Self { program: platform::own_program(), arguments }
    }
}

impl Runs {
    /// The runs whose folders are in `folder`, which is made when it is missing.
    ///
    /// # Errors
    /// [`RunsError::Folder`] and [`RunsError::BootId`].
    pub fn open(folder: &Path, runner: RunnerProgram) -> Result<Self, RunsError> {
        platform::create_private_dir(folder).map_err(failed("make", folder))?;
        let boot_id = platform::boot_id().map_err(RunsError::BootId)?;
        Ok(Self { folder: folder.to_owned(), runner, boot_id })
    }

    /// Which start of the computer this is.
    #[must_use]
    pub fn boot_id(&self) -> &str {
        &self.boot_id
    }

    /// The folder of a run.
    #[must_use]
    pub fn of(&self, run: RunId) -> PathBuf {
        self.folder.join(run.to_string())
    }

    /// What all folders say. Folders of other names are none of ours and are left alone.
    ///
    /// # Errors
    /// [`RunsError::Folder`].
    pub fn observe_all(&self) -> Result<BTreeMap<RunId, RunObservation>, RunsError> {
        let mut found = BTreeMap::new();
        for entry in std::fs::read_dir(&self.folder).map_err(failed("list", &self.folder))? {
            let name = entry.map_err(failed("list", &self.folder))?.file_name();
            let Some(run) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            found.insert(run, self.look(run)?.into());
        }
        Ok(found)
    }

    /// Removes a run's folder with all that is in it.
    ///
    /// # Errors
    /// [`RunsError::Folder`]; some of it may be gone then.
    pub fn remove(&self, run: RunId) -> Result<(), RunsError> {
        let folder = self.of(run);
        platform::remove_folder(&folder).map_err(failed("remove", &folder))
    }
}

/// Names what was attempted and on what.
fn failed(attempt: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RunsError {
    let path = path.to_owned();
    move |source| RunsError::Folder { attempt, path, source }
}
