//! What the shell tells the machine. Every event may come late, twice or after its cause is gone; what no longer fits is ignored.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dray_model::advertisement::Advertisement;
use dray_model::facts::Facts;
use dray_model::package::Release;
use dray_model::policy::Policy;
use dray_model::readable::Readable;
use dray_model::status::SourceBytes;
use dray_model::{Digest, Name, RunId};
use dray_schedule::Zone;
use serde::{Deserialize, Serialize};

use crate::run::RunResult;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The agent has started and looked around; the first event after [`crate::Agent::resume`].
    Started(Started),
    /// A policy has come whose signature holds. Whether it counts is decided here; see [`crate::PolicyRefusal`].
    PolicyReceived(Policy),
    /// A document has come whose digest and signature hold.
    DocumentReceived {
        /// Digest of its envelope: the one that it was asked for by.
        digest: Digest,
        /// What it says.
        document: Box<Document>,
    },
    /// A document has not come.
    DocumentFailed {
        /// Digest of its envelope.
        digest: Digest,
        /// What happened, in one sentence.
        error: String,
        /// Whether something came and was refused (wrong digest, signature or form). It is asked for again, but rarely.
        refused: bool,
    },
    /// Facts were taken.
    FactsTaken {
        /// The ticket of the [`crate::Effect::TakeFacts`] that asked.
        ticket: u64,
        /// The facts; what could not be found out is left out.
        facts: Arc<Facts>,
    },
    /// Bytes of content are coming in. Enough once a second; the state that is kept changes with the first one and when the site is
    /// told.
    ContentProgress {
        /// Which content.
        content: Digest,
        /// Bytes here.
        done_bytes: u64,
        /// Bytes to come over the wire in all; 0 while that is not known.
        total_bytes: u64,
    },
    /// Content is in the cache, verified.
    ContentReady {
        /// Which content.
        content: Digest,
        /// Bytes by where they came from; empty when it was already there.
        sources: Vec<SourceBytes>,
        /// Bytes that were taken from content held before.
        reused_bytes: u64,
        /// Time from the first request to the verified tree, in milliseconds.
        duration_ms: u64,
    },
    /// A fetch of content came to nothing. What arrived may be kept; it is tried again.
    ContentFailed {
        /// Which content.
        content: Digest,
        /// Why.
        failure: ContentFailure,
    },
    /// Content that was in the cache is gone or damaged.
    ContentLost {
        /// Which content.
        content: Digest,
        /// What is wrong with it, in one sentence.
        error: String,
    },
    /// The program of a run was started.
    RunStarted {
        /// Which run.
        run: RunId,
    },
    /// The program of a run was not started, and never will be under this id.
    RunNotStarted {
        /// Which run.
        run: RunId,
        /// Why.
        because: NotStarted,
    },
    /// The program of a run has ended, or could not be started for good.
    RunEnded {
        /// Which run.
        run: RunId,
        /// What came of it.
        result: RunResult,
    },
    /// The person at the computer wants a program. Ask [`crate::Agent::check_request`] first for an answer to give.
    UserRequested {
        /// The advertisement that offers it.
        advertisement: Name,
    },
    /// Time has passed.
    Timer,
}

/// What the shell found when it started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Started {
    /// The kernel's id of this boot: another one after each restart of the computer.
    pub boot_id: String,
    /// The folders of runs that are there, and what they hold. A run that is missing counts as not started.
    pub runs: BTreeMap<RunId, RunObservation>,
    /// Complete contents in the cache.
    pub contents: BTreeSet<Digest>,
    /// The time zone that the computer is in.
    pub zone: Zone,
}

/// What a run's folder says after a restart of the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunObservation {
    /// There is no mark that the program was started.
    NotStarted,
    /// It runs.
    Running,
    /// It has ended.
    Ended(RunResult),
    /// It was started in this boot, and its runner is gone without a result.
    Lost,
    /// It was started in an earlier boot and left no result.
    Interrupted,
}

/// A document of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Document {
    /// A revision of an advertisement.
    Advertisement(Readable<Advertisement>),
    /// A release of a package.
    Release(Readable<Release>),
}

/// Why a fetch of content came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentFailure {
    /// What stood in the way.
    pub kind: ContentFailureKind,
    /// What happened last, in one sentence.
    pub error: String,
}

/// What stood in the way of content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentFailureKind {
    /// The site did not say where the content is.
    SiteUnreachable,
    /// The site knows no source.
    NoSource,
    /// Every source failed.
    SourcesFailed,
    /// What arrived did not match its digest.
    Damaged,
    /// The cache's file system is full.
    DiskFull {
        /// Bytes needed.
        needed_bytes: u64,
        /// Bytes free.
        free_bytes: u64,
    },
    /// The computer or the agent can't hold it. Nothing was fetched.
    Unsupported {
        /// What it requires that can't be done here.
        requires: Vec<String>,
    },
}

/// Why a run was not started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotStarted {
    /// There is less free space than the program asks for.
    DiskFull {
        /// Bytes needed.
        needed_bytes: u64,
        /// Bytes free.
        free_bytes: u64,
    },
    /// The content did not pass its last check; it is fetched again.
    ContentLost {
        /// What is wrong with it, in one sentence.
        error: String,
    },
    /// [`crate::Effect::VoidRun`] came in time.
    Voided,
}
