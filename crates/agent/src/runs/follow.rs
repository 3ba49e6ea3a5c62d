//! Follows a run to its end, without looking at it regularly: a runner that is our child is waited for, and the lock of
//! another one is.

use std::fs::File;
use std::io;
use std::time::Duration;

use dray_agent_core::{Outcome, RunResult};
use dray_model::RunId;
use tokio::process::Child;

use super::{Look, Runs, RunsError, failed};
use crate::clock;
use crate::runner::LOCK;

/// Pauses before a runner that ended without starting anything is tried again: the disk may be full, or the system out of
/// processes. After the last one the run is given up.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(10), Duration::from_secs(60), Duration::from_secs(300)];

impl Runs {
    /// Waits for the end of a prepared run, starting its runner where none was, and says what came of it; `None` when the
    /// run was voided meanwhile.
    ///
    /// # Errors
    /// [`RunsError::Folder`]: what the run's folder says can't be read.
    pub async fn follow(&self, run: RunId) -> Result<Option<RunResult>, RunsError> {
        let mut pauses = PAUSES.into_iter();
        loop {
            match self.look(run)? {
                Look::Ended(result) => return Ok(Some(result)),
                Look::Voided => return Ok(None),
                Look::Running => self.until_released(run).await?,
                Look::NotStarted => {
                    let failure = match self.spawn(run) {
                        Ok(mut child) => ended(&mut child).await,
                        Err(error) => dray_model::cause::in_full(&error),
                    };
                    if self.look(run)? != Look::NotStarted {
                        continue;
                    }
                    tracing::warn!(%run, %failure, "the runner exited without starting the program");
                    match pauses.next() {
                        Some(pause) => tokio::time::sleep(pause).await,
                        None => return self.give_up(run, failure),
                    }
                }
            }
        }
    }

    /// Ends a run that no runner could begin.
    fn give_up(&self, run: RunId, failure: String) -> Result<Option<RunResult>, RunsError> {
        match self.void(run)? {
            Look::Ended(result) => Ok(Some(result)),
            _ => Ok(Some(RunResult {
                outcome: Outcome::NotStartable(failure),
                started_at: clock::now(),
                duration_ms: 0,
                output_tail: String::new(),
            })),
        }
    }

    /// Waits until no runner holds the lock of `run`.
    async fn until_released(&self, run: RunId) -> Result<(), RunsError> {
        let path = self.of(run).join(LOCK);
        let wait = failed("wait for the lock", &path);
        let lock = File::open(&path).map_err(failed("open", &path))?;
        let (sender, released) = tokio::sync::oneshot::channel();
        // A thread of its own, not one of the runtime's: the agent may end while the program runs on.
        std::thread::Builder::new()
            .name("wait-for-run".into())
            .stack_size(64 * 1024)
            .spawn(move || {
                // Nobody listens any more when the agent ends.
                let _ = sender.send(lock.lock_shared());
            })
            .map_err(failed("wait for the lock", &path))?;
        released.await.unwrap_or_else(|_| Err(io::Error::other("the waiting thread stopped"))).map_err(wait)
    }
}

/// Waits for a runner's end and says in words what is known of it.
async fn ended(child: &mut Child) -> String {
    match child.wait().await {
        Ok(status) => format!("its runner exited with {status} before it started anything"),
        Err(error) => format!("cannot wait for its runner: {error}"),
    }
}
