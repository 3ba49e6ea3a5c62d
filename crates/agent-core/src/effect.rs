//! What the machine asks of the shell. Each effect may be carried out twice without harm.

use dray_model::package::Content;
use dray_model::status::StatusMessage;
use dray_model::{Digest, RunId};

use crate::policy::PolicyRefusal;
use crate::run::RunSpec;

/// Something to do, after the state is persisted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send this to the site. It goes into the outbox in the transaction that persists the state.
    Report(StatusMessage),
    /// The policy that just came does not count: log it, and wait before the next request.
    PolicyRefused(PolicyRefusal),
    /// The policy that just came counts: keep its envelope in the transaction that persists the state. Should the site forget that it
    /// signed it, it is the proof.
    PolicyTaken,
    /// The site went on from an older copy of itself and has forgotten what it was told: send it the facts again. States are reported
    /// again without this.
    SiteReturned,
    /// Take the device's facts now and answer with [`crate::Event::FactsTaken`] under this ticket, whatever could be found out.
    TakeFacts {
        /// Names the request. Facts that were begun earlier don't answer it.
        ticket: u64,
    },
    /// Fetch and verify a document; answer with [`crate::Event::DocumentReceived`] or [`crate::Event::DocumentFailed`].
    FetchDocument {
        /// Digest of its envelope.
        digest: Digest,
        /// What it must be.
        kind: DocumentKind,
    },
    /// Bring content into the cache; answer with [`crate::Event::ContentReady`] (at once when it is there) or
    /// [`crate::Event::ContentFailed`]. Fetches come in the order of their importance.
    FetchContent {
        /// The content.
        content: Content,
    },
    /// Stop a fetch; no answer. What has arrived may stay for a later fetch.
    CancelFetch {
        /// The content.
        content: Digest,
    },
    /// Take content out of the cache; no answer.
    RemoveContent {
        /// The content.
        content: Digest,
    },
    /// Start the program: check free space and the content, then start the runner; answer with [`crate::Event::RunStarted`] and
    /// later [`crate::Event::RunEnded`], or with [`crate::Event::RunNotStarted`].
    StartRun(Box<RunSpec>),
    /// Make sure that a run that was decided on before a restart does not start: take the lock of its folder, see that there is no
    /// `started` mark, and remove the folder while the lock is held; a runner that comes late finds nothing to start. Answer
    /// with [`crate::Event::RunNotStarted`], or, when it was started after all, with what became of it.
    VoidRun {
        /// The run.
        run: RunId,
    },
    /// Remove the folder of a run whose result is kept now; no answer.
    RemoveRun {
        /// The run.
        run: RunId,
    },
}

/// What a document is; it decides by whose key it must be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// A revision of an advertisement.
    Advertisement,
    /// A release of a package.
    Release,
}
