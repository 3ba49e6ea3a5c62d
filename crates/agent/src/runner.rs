//! The runner: a small process of its own that starts one program, watches it and writes down what came of it.
//!
//! It is not the agent's to lose: the agent may be ended, replaced or crash while the program runs. The protocol between
//! the two is the run's folder, `docs/design/0001-foundation.md` ("Runs"):
//! `spec.json` (what to run, by the agent), `lock` (held while a runner lives), `started` (created once, before the
//! program is), `result.json` (whole or absent). The one invariant: a program starts only after `started` is on disk, and
//! only one runner ever creates it.

mod child;
mod claim;
mod environment;
mod lookup;
mod output;
pub mod spec;
mod stop;

use std::path::Path;
use std::time::Instant;

use claim::Claim;
use dray_agent_core::{Outcome, RunResult};
use spec::Spec;

use crate::platform::Ended;

pub(crate) use claim::lock;
pub use claim::{LOCK, RESULT, STARTED, Started};
pub use spec::SPEC;

/// What a runner did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ran {
    /// It ran the program, or found that it can't be started, and wrote the result.
    Recorded,
    /// The run is another runner's, is over or was begun by one that is gone. Nothing was done.
    NotMine,
}

/// Why a runner could not do its work; the program was not started or its result could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// The process can't become one that watches others.
    #[error("cannot become the parent of orphaned child processes")]
    Watcher(#[source] std::io::Error),
    /// The run can't be claimed, so nothing was started.
    #[error("cannot claim the run in {folder}")]
    Claim {
        /// The run's folder.
        folder: std::path::PathBuf,
        /// What happened.
        #[source]
        source: std::io::Error,
    },
    /// The result can't be written, even without the output.
    #[error("cannot record the result in {folder}")]
    Record {
        /// The run's folder.
        folder: std::path::PathBuf,
        /// What happened.
        #[source]
        source: std::io::Error,
    },
}

/// Runs what the folder asks for, to its end. Call it in a process that does nothing else: it waits for every child.
///
/// # Errors
/// [`RunnerError`]; a program that can't be started is not an error but a result.
pub fn run(folder: &Path) -> Result<Ran, RunnerError> {
    crate::platform::become_watcher().map_err(RunnerError::Watcher)?;
    let claim_error = |source| RunnerError::Claim { folder: folder.to_owned(), source };
    let Some(claim) = Claim::take(folder).map_err(claim_error)? else { return Ok(Ran::NotMine) };
    let started = Instant::now();
    let (outcome, output_tail) = match Spec::read(folder).and_then(|spec| watch(folder, &spec)) {
        Ok(ended) => ended,
        Err(error) => (Outcome::NotStartable(error), String::new()),
    };
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let result = RunResult { outcome, started_at: claim.started_at(), duration_ms, output_tail };
    claim.record(result).map_err(|source| RunnerError::Record { folder: folder.to_owned(), source })?;
    Ok(Ran::Recorded)
}

/// Starts the program and stays with it; an error is a sentence for people on why it can't be started.
fn watch(folder: &Path, spec: &Spec) -> Result<(Outcome, String), String> {
    let words = spec.program.command.words().map_err(|error| error.to_string())?;
    let place = lookup::place(folder, spec)?;
    let program = lookup::program(&words[0], spec.content.as_deref())?;
    let (mut child, output) = child::start(&program, &words, &place, &environment::of(spec))?;
    let outcome = match child.ended_within(spec.run_limit()) {
        Some(Ended::Exit(code)) => Outcome::Exit(code.into()),
        Some(Ended::Signal(signal)) => Outcome::Signal(signal),
        None => {
            stop::stop(&mut child, spec.stop_grace());
            Outcome::TimeLimit
        }
    };
    Ok((outcome, output.tail()))
}
