//! Holds what the site assigns: compares the folder with the assignments, transfers what is missing, verifies it, removes the rest.
//!
//! [`reconcile`] decides, from plain data; the [`holder`] carries out. A pack comes because a manifest that is assigned names it, and
//! for no other reason. What fails is tried again with growing pauses, and says so in the reports.

mod assignments;
mod holder;
mod needs;
mod rebuild;
mod reconcile;
mod report;
mod standings;
mod transfer;
mod updates;
mod verify;

use std::time::Duration;

use dray_model::Backoff;

pub(crate) use assignments::{Duty, keep_asking};
pub(crate) use holder::{Holder, Wiring};
pub use needs::{ManifestNeeds, Needs};
pub use reconcile::{Fetch, Reconciliation, WantedContent, reconcile};
pub(crate) use report::keep_reporting;
pub(crate) use standings::Standings;

/// How a point gets and keeps objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldSettings {
    /// Objects on their way at a time. Default 3.
    pub parallel_transfers: usize,
    /// Space that is left free on the disk, in bytes. Default 256 MiB.
    pub reserve_bytes: u64,
    /// How long an object stays when nothing needs it any more, for clients that are in the middle of it. Default 1 h.
    pub removal_grace: Duration,
    /// How old a verification may get before the object is read and verified again; at least a minute.
    /// Default 7 days.
    pub verify_every: Duration,
    /// Bytes per second from the site, over all transfers. Default: no limit.
    pub bytes_per_s: Option<u64>,
}

/// Pauses after failures.
const PAUSES: Backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(30 * 60));

/// The pause after `failures` failures in a row.
fn pause(failures: u32) -> Duration {
    PAUSES.pause(failures, dray_trust::random_bits())
}

impl Default for HoldSettings {
    fn default() -> Self {
        Self {
            parallel_transfers: 3,
            reserve_bytes: 256 << 20,
            removal_grace: Duration::from_secs(3600),
            verify_every: Duration::from_secs(7 * 24 * 3600),
            bytes_per_s: None,
        }
    }
}
