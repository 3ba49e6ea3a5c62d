//! The agent's decisions as a pure state machine: `(state, now, event) → effects`.
//!
//! Nothing in here waits, reads a clock, draws a random number or touches a disk. The shell around it (`dray-agent`) does this:
//!
//! 1. [`Agent::resume`] with the state that it kept, then [`Event::Started`] with what it finds on the computer;
//! 2. for every event [`Agent::handle`], then **in one transaction** [`Agent::state`] and the [`Effect::Report`]s into the outbox,
//!    and only then the other effects, in their order;
//! 3. [`Event::Timer`] when [`Agent::next_wakeup`] is reached and when the clock was set.
//!
//! Effects are idempotent and named by what they are for. After a restart every effect that is still open comes out again.
//! To add a rule: a gate in `assess.rs` that says its reason, a test beside it, and a scenario in `tests/it`.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod agent;
mod assess;
mod check;
mod conclude;
mod condition;
mod content;
mod documents;
mod effect;
mod event;
mod facts;
mod history;
mod ledger;
mod limits;
mod offer;
mod open;
mod pause;
mod policy;
mod progress;
mod reconcile;
mod run;
mod state;
mod task;
mod tell;
mod turn;
mod view;
mod why;

pub use agent::{Agent, Identity, ResumeError};
pub use effect::{DocumentKind, Effect};
pub use event::{ContentFailure, ContentFailureKind, Document, Event, NotStarted, RunObservation, Started};
pub use policy::PolicyRefusal;
pub use run::{Outcome, RunResult, RunSpec};
pub use state::State;
pub use view::{AdvertisementView, PolicyView, RequestRefused};
