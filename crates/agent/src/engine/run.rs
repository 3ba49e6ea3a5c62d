//! Runs for the state machine: checked once more, started and followed; or voided.
//!
//! Whatever is answered with "not started" is made certain first by the run's mark ([`Runs::void`]), because a runner of an
//! earlier agent may still be about to begin.

use std::time::Duration;

use dray_agent_core::{Event, NotStarted, Outcome, RunResult, RunSpec};
use dray_model::RunId;
use dray_model::cause::in_full;

use super::{News, Outbound};
use crate::cache::Cache;
use crate::clock;
use crate::runs::{Look, Runs, RunsError};

/// Pause before a run's folder that can't be read is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// What a run's own files take, in bytes.
const RUN_BYTES: u64 = 1 << 20;

/// Starts a run, unless it was begun already, and follows it to its end.
pub(super) async fn start(runs: Runs, cache: Cache, spec: RunSpec, outbound: Outbound) -> Event {
    let run = spec.run;
    if look(&runs, run).await == Look::NotStarted
        && let Err(because) = prepare(&runs, &cache, spec).await
    {
        return match because {
            Hindrance::NotNow(because) => voided(&runs, run, because, &outbound).await,
            Hindrance::Never(error) => voided_for_good(&runs, run, error, &outbound).await,
        };
    }
    follow(&runs, run, &outbound).await
}

/// Makes sure that a run never starts, or follows it when it did.
pub(super) async fn void(runs: Runs, run: RunId, outbound: Outbound) -> Event {
    voided(&runs, run, NotStarted::Voided, &outbound).await
}

/// Follows a run that was begun, or is prepared, to its end.
pub(super) async fn follow(runs: &Runs, run: RunId, outbound: &Outbound) -> Event {
    outbound.send(News::of(Event::RunStarted { run })).await;
    loop {
        match runs.follow(run).await {
            Ok(Some(result)) => {
                tracing::info!(%run, outcome = ?result.outcome, duration_ms = result.duration_ms, "the program ended");
                return Event::RunEnded { run, result };
            }
            Ok(None) => return Event::RunNotStarted { run, because: NotStarted::Voided },
            Err(error) => pause(&error).await,
        }
    }
}

/// Why a run is not prepared.
enum Hindrance {
    /// It may be started later under another id.
    NotNow(NotStarted),
    /// It can't be started, in one sentence.
    Never(String),
}

async fn prepare(runs: &Runs, cache: &Cache, spec: RunSpec) -> Result<(), Hindrance> {
    let free_bytes = cache.free_bytes().unwrap_or(u64::MAX);
    let needed_bytes = spec.program.disk_space_bytes.unwrap_or(0).max(RUN_BYTES);
    if free_bytes < needed_bytes {
        return Err(Hindrance::NotNow(NotStarted::DiskFull { needed_bytes, free_bytes }));
    }
    let (runs, cache) = (runs.clone(), cache.clone());
    let work = tokio::task::spawn_blocking(move || {
        if let Some(content) = spec.content {
            cache.verify(content).map_err(|error| Hindrance::NotNow(NotStarted::ContentLost { error }))?;
        }
        let tree = spec.content.map(|content| cache.tree(content));
        runs.prepare(&spec, tree).map_err(|error| Hindrance::Never(in_full(&error)))?;
        tracing::info!(run = %spec.run, package = %spec.package, program = %spec.program.name, "starting the program");
        Ok(())
    });
    work.await.unwrap_or_else(|error| Err(Hindrance::Never(error.to_string())))
}

/// Voids a run; follows it when it was begun after all.
async fn voided(runs: &Runs, run: RunId, because: NotStarted, outbound: &Outbound) -> Event {
    loop {
        match runs.void(run) {
            Ok(Look::Voided | Look::NotStarted) => return Event::RunNotStarted { run, because },
            Ok(Look::Ended(result)) => return Event::RunEnded { run, result },
            Ok(Look::Running) => return follow(runs, run, outbound).await,
            Err(error) => pause(&error).await,
        }
    }
}

async fn voided_for_good(runs: &Runs, run: RunId, error: String, outbound: &Outbound) -> Event {
    match voided(runs, run, NotStarted::Voided, outbound).await {
        Event::RunNotStarted { run, .. } => {
            let outcome = Outcome::NotStartable(error);
            let result = RunResult { outcome, started_at: clock::now(), duration_ms: 0, output_tail: String::new() };
            Event::RunEnded { run, result }
        }
        other => other,
    }
}

async fn look(runs: &Runs, run: RunId) -> Look {
    loop {
        match runs.look(run) {
            Ok(look) => return look,
            Err(error) => pause(&error).await,
        }
    }
}

async fn pause(error: &RunsError) {
    tracing::error!(error = %in_full(error), "cannot use a run's folder; trying again later");
    tokio::time::sleep(LOOK_AGAIN).await;
}
