//! Prepares a run's folder and starts its runner.

use std::path::PathBuf;
use std::process::Stdio;

use dray_agent_core::RunSpec;
use dray_content::durable::{self, Readers};
use dray_model::RunId;
use tokio::process::{Child, Command};

use super::{Runs, RunsError, failed};
use crate::platform;
use crate::runner::SPEC;
use crate::runner::spec::Spec;

impl Runs {
    /// Makes the folder of a run with its spec; the same run may be prepared again. `content` is the verified tree.
    ///
    /// # Errors
    /// [`RunsError::Folder`]; a runner finds no whole spec then.
    pub fn prepare(&self, run: &RunSpec, content: Option<PathBuf>) -> Result<(), RunsError> {
        let folder = self.of(run.run);
        let spec = Spec {
            format: Spec::FORMAT,
            run: run.run,
            package: run.package.clone(),
            program: run.program.clone(),
            content,
            run_limit_ms: u64::from(run.program.max_run_time.seconds()) * 1000,
            stop_grace_ms: Spec::STOP_GRACE_MS,
        };
        platform::create_private_dir(&folder).map_err(failed("make", &folder))?;
        durable::sync_parent(&folder).map_err(failed("sync the folder of", &folder))?;
        let path = folder.join(SPEC);
        let bytes = serde_json::to_vec(&spec).expect("texts and numbers are always JSON");
        durable::replace(&path, &bytes, Readers::Owner).map_err(failed("write", &path))
    }

    /// Starts a runner for a prepared run. It outlives this process; its end is the child's.
    ///
    /// # Errors
    /// [`RunsError::Runner`].
    pub fn spawn(&self, run: RunId) -> Result<Child, RunsError> {
        let folder = self.of(run);
        let mut command = Command::new(&self.runner.program);
        command.args(&self.runner.arguments).arg(&folder).current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(false);
        command.spawn().map_err(|source| RunsError::Runner { program: self.runner.program.clone(), source })
    }
}
