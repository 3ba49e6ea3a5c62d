//! Where the demonstration happens: its folder, its processes, its voice, and the clock that every step runs against.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::STEP_LIMIT;
use super::children::Children;
use super::report::StepReport;
use super::voice::{LiveLine, Voice};
use crate::error::{Failure, Outcome};

/// What the steps of the demonstration share.
pub(super) struct Stage {
    /// The demonstration's folder.
    pub(super) folder: PathBuf,
    /// Its processes.
    pub(super) children: Children,
    /// What it says.
    pub(super) voice: Voice,
    steps: Mutex<Vec<StepReport>>,
}

impl Stage {
    /// An empty stage.
    pub(super) fn new(folder: &Path, voice: Voice) -> Self {
        let children = Children::new(folder.join("logs"));
        Self { folder: folder.to_owned(), children, voice, steps: Mutex::new(Vec::new()) }
    }

    /// A path below the folder, as an argument of a child.
    pub(super) fn path(&self, below: &str) -> String {
        // The folder is temporary or was given on the command line; a name that is not UTF-8 fails at its first use.
        self.folder.join(below).to_string_lossy().into_owned()
    }

    /// Carries out one step. It fails with the first process that ends meanwhile, and when it takes too long. The step gives its
    /// result and a detail to print.
    pub(super) async fn step<T>(
        &self,
        what: &str,
        work: impl AsyncFnOnce(&LiveLine) -> Outcome<(T, String)>,
    ) -> Outcome<T> {
        let start = Instant::now();
        let line = self.voice.live(what);
        let done = tokio::select! {
            done = work(&line) => done,
            failure = self.children.first_to_end() => Err(failure),
            () = tokio::time::sleep(STEP_LIMIT) => Err(Failure::failed(format!("not finished after {} s", STEP_LIMIT.as_secs()))),
        };
        drop(line);
        let (result, detail) = done.map_err(|failure| failure.during(what))?;
        let took = start.elapsed();
        self.voice.step(what, took, &detail);
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.lock().push(StepReport { step: what.to_owned(), duration_ms, detail });
        Ok(result)
    }

    /// The steps that are done.
    pub(super) fn steps(&self) -> Vec<StepReport> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<StepReport>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
