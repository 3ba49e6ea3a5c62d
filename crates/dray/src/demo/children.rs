//! The demonstration's child processes: this binary again, each with a log file, none living longer than we do.
//!
//! A child's standard input is a pipe that we hold: when we end, however, the pipe closes and the child ends by itself. Children
//! are in process groups of their own, so that Ctrl-C comes to us alone and they end in order.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::process::{Child, Command};

use crate::error::{Failure, Outcome};

/// How long a child may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// How often children are looked after.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Bytes of a log that are repeated when its process failed.
const LOG_TAIL: usize = 1500;

/// The child processes.
pub(super) struct Children {
    logs: PathBuf,
    running: Mutex<Vec<Running>>,
}

struct Running {
    name: String,
    child: Child,
}

impl Children {
    /// None yet; their logs go into folder `logs`.
    pub(super) fn new(logs: PathBuf) -> Self {
        Self { logs, running: Mutex::new(Vec::new()) }
    }

    /// Starts `dray ARGS` as a service called `name`.
    pub(super) fn start(&self, name: &str, args: &[&str]) -> Outcome {
        let args = [&["--exit-with-parent"], args].concat();
        let child =
            self.command(name, &args)?.stdin(Stdio::piped()).spawn().map_err(|error| cannot_start(name, &error))?;
        self.lock().push(Running { name: name.to_owned(), child });
        Ok(())
    }

    /// Runs `dray ARGS` to its end, which must be a good one.
    pub(super) async fn run(&self, name: &str, args: &[&str]) -> Outcome {
        let mut child =
            self.command(name, args)?.stdin(Stdio::null()).spawn().map_err(|error| cannot_start(name, &error))?;
        let status = child.wait().await.map_err(|error| cannot_start(name, &error))?;
        if status.success() { Ok(()) } else { Err(self.ended(name, &status.to_string())) }
    }

    /// Waits until a service ends, which none should.
    pub(super) async fn first_to_end(&self) -> Failure {
        loop {
            for Running { name, child } in self.lock().iter_mut() {
                match child.try_wait() {
                    Ok(None) => {}
                    Ok(Some(status)) => return self.ended(name, &status.to_string()),
                    Err(error) => return cannot_start(name, &error),
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Ends all services, the last started first asked; those that don't end are killed.
    pub(super) async fn stop(&self) {
        let mut running = std::mem::take(&mut *self.lock());
        for Running { child, .. } in running.iter_mut().rev() {
            drop(child.stdin.take());
        }
        let deadline = tokio::time::Instant::now() + GRACE;
        for Running { name, child } in running.iter_mut().rev() {
            if tokio::time::timeout_at(deadline, child.wait()).await.is_err() {
                tracing::debug!(name, "did not end by itself");
                // It may have ended meanwhile.
                let _ = child.kill().await;
            }
        }
    }

    fn command(&self, name: &str, args: &[&str]) -> Outcome<Command> {
        let failed = |error: std::io::Error| cannot_start(name, &error);
        std::fs::create_dir_all(&self.logs).map_err(failed)?;
        let log = File::options().create(true).append(true).open(self.log(name)).map_err(failed)?;
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command.args(args).stdout(log.try_clone().map_err(failed)?).stderr(log).kill_on_drop(true);
        // A profile or an output form of the caller's is not meant for these.
        command.env_remove("DRAY_PROFILE").env_remove("DRAY_OUTPUT");
        #[cfg(unix)]
        command.process_group(0);
        Ok(command)
    }

    fn ended(&self, name: &str, how: &str) -> Failure {
        let log = self.log(name);
        let failure = Failure::failed(format!("the process {name} exited ({how})"));
        match tail(&log) {
            Some(tail) => failure.hint(format!("the end of its log:\n{tail}")),
            None => failure,
        }
    }

    fn log(&self, name: &str) -> PathBuf {
        self.logs.join(format!("{name}.log"))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Running>> {
        // The list is whole at every point where a panic could happen.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cannot_start(name: &str, error: &std::io::Error) -> Failure {
    Failure::failed(format!("cannot run the process {name}")).because(error)
}

fn tail(log: &Path) -> Option<String> {
    let bytes = std::fs::read(log).ok()?;
    let end = &bytes[bytes.len().saturating_sub(LOG_TAIL)..];
    let text = String::from_utf8_lossy(end).trim().to_owned();
    (!text.is_empty()).then_some(text)
}
