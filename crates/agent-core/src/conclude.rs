//! The end of a run: what is told, what is kept, and whether it is tried again.

use std::time::Duration;

use dray_model::program::ExitClass;
use dray_model::state::{ClientState, Reason};
use dray_model::status::StatusEvent;
use dray_model::{Name, RunId, Timestamp};

use crate::effect::Effect;
use crate::event::NotStarted;
use crate::history::PastRun;
use crate::ledger::{AwaitedRestart, Finished};
use crate::limits::tail;
use crate::offer::{Hold, Presence, Task, Verifying};
use crate::pause::Pause;
use crate::run::{Outcome, Run, RunResult};
use crate::state::State;
use crate::task;

/// Free space is looked at again after this time.
const DISK_FULL_PAUSE: Duration = Duration::from_secs(10 * 60);

/// A run has ended. Of a run that is not under way only the folder is removed: its result was kept before.
pub(crate) fn ended(
    state: &mut State,
    id: RunId,
    result: RunResult,
    boot_id: &str,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    if let Some(run) = state.run.take_if(|run| run.spec.run == id) {
        let outcome = result.outcome.clone();
        state.report(now, executed(&run, result), effects);
        conclude(state, &run, &outcome, boot_id, now);
    }
    effects.push(Effect::RemoveRun { run: id });
}

/// A run was not started and never will be.
pub(crate) fn not_started(
    state: &mut State,
    id: RunId,
    because: &NotStarted,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    if let Some(run) = state.run.take_if(|run| run.spec.run == id && run.started_at.is_none()) {
        if let (NotStarted::DiskFull { needed_bytes, free_bytes }, Some(task)) = (because, waiting_task(state, &run)) {
            let reason = Reason::NoRoomToRun { needed_bytes: *needed_bytes, free_bytes: *free_bytes };
            let pause = Pause::new(now, DISK_FULL_PAUSE);
            task.hold = Some(Hold { state: ClientState::Waiting, reason, pause });
        }
        effects.push(Effect::RemoveRun { run: id });
    }
}

fn conclude(state: &mut State, run: &Run, outcome: &Outcome, boot_id: &str, now: Timestamp) {
    let class = run.class(outcome);
    if class == ExitClass::Retry && try_again(state, run, outcome, now) {
        return;
    }
    let reason = run.reason(outcome);
    let ended_well = matches!(class, ExitClass::Success | ExitClass::SuccessRestart);
    let asks_facts = class == ExitClass::Success || outcome.is_unknown();
    if let (Some(detect), true, Some(task)) = (&run.spec.program.detect, asks_facts, waiting_task(state, run)) {
        task.verifying = Some(Verifying {
            detect: detect.clone(),
            reason,
            ended_well,
            package: run.spec.package.clone(),
            program: run.spec.program.name.clone(),
            release: run.spec.release,
            run: run.spec.run,
        });
        return;
    }
    let past = PastRun { run: run.spec.run, release: run.spec.release, succeeded: ended_well, ended_at: now };
    state.history.note(&run.spec.package, &run.spec.program.name, past);
    let client_state = match class {
        ExitClass::Success => ClientState::Succeeded,
        ExitClass::SuccessRestart => ClientState::RestartPending,
        ExitClass::Retry | ExitClass::Failure => ClientState::Failed,
    };
    let restart = (class == ExitClass::SuccessRestart).then(|| awaited_restart(run, boot_id));
    let finished = Finished { state: client_state, reason, release: run.spec.release, at: now, restart };
    task::end(state, &run.spec.advertisement, finished);
}

/// Puts the task back for another try; false when there are none left, or the advertisement was withdrawn.
fn try_again(state: &mut State, run: &Run, outcome: &Outcome, now: Timestamp) -> bool {
    let offer = state.offers.get(&run.spec.advertisement);
    if offer.is_none_or(|offer| offer.presence == Presence::Withdrawn) {
        return false;
    }
    let retry = run.spec.program.retry;
    let (Some(exit_code), Some(task)) = (outcome.exit_code(), waiting_task(state, run)) else { return false };
    if task.tries >= retry.count {
        return false;
    }
    task.tries += 1;
    let reason = Reason::RetryAsked { exit_code, tries: task.tries };
    let pause = Pause::new(now, Duration::from_secs(retry.interval_s.into()));
    task.hold = Some(Hold { state: ClientState::Retrying, reason, pause });
    true
}

fn waiting_task<'a>(state: &'a mut State, run: &Run) -> Option<&'a mut Task> {
    state.offers.get_mut(&run.spec.advertisement)?.task.as_mut()
}

fn awaited_restart(run: &Run, boot_id: &str) -> AwaitedRestart {
    AwaitedRestart {
        boot_id: boot_id.to_owned(),
        run: run.spec.run,
        package: run.spec.package.clone(),
        program: run.spec.program.name.clone(),
        detect: run.spec.program.detect.clone(),
    }
}

/// The computer has restarted: programs that waited for it have succeeded, or are verified now.
pub(crate) fn restarted(state: &mut State, boot_id: &str) {
    let names: Vec<Name> = state.ledgers.keys().cloned().collect();
    for name in names {
        let Some(finished) = state.ledgers.get_mut(&name).and_then(|ledger| ledger.finished.as_mut()) else { continue };
        let Some(restart) = finished.restart.take_if(|restart| restart.boot_id != boot_id) else { continue };
        finished.state = ClientState::Succeeded;
        let (reason, release) = (finished.reason.clone(), finished.release);
        let AwaitedRestart { run, package, program, detect, .. } = restart;
        let is_idle = state.offers.get(&name).is_some_and(|o| o.presence != Presence::Withdrawn && o.task.is_none());
        if let (Some(detect), true) = (detect, is_idle) {
            let verifying = Some(Verifying { detect, reason, ended_well: true, package, program, release, run });
            let task = Task { verifying, ..state.new_task() };
            state.offers.entry(name).and_modify(|offer| offer.task = Some(task));
        }
    }
}

fn executed(run: &Run, result: RunResult) -> StatusEvent {
    StatusEvent::Executed {
        run: run.spec.run,
        advertisement: run.spec.advertisement.clone(),
        package: run.spec.package.clone(),
        release: run.spec.release,
        program: run.spec.program.name.clone(),
        exit_code: result.outcome.exit_code(),
        class: run.class(&result.outcome),
        started_at: result.started_at,
        duration_ms: result.duration_ms,
        output_tail: tail(result.output_tail),
    }
}
