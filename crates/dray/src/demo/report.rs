//! The demonstration's result, as `--json` prints it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dray_model::Name;
use dray_model::api::why::Why;
use dray_model::state::ClientState;
use serde::Serialize;

/// What was done, how long it took and how many bytes moved.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// The demonstration's folder; gone at the end unless it is kept.
    pub(super) folder: PathBuf,
    /// The administrators' address.
    pub(super) url: String,
    /// The profile for the other commands.
    pub(super) profile: PathBuf,
    /// The steps, in order.
    pub(super) steps: Vec<StepReport>,
    /// The two releases.
    pub(super) releases: Vec<ReleaseReport>,
    /// The devices at the end.
    pub(super) devices: Vec<DeviceReport>,
    /// Why the program is installed on the first device.
    pub(super) why: Why,
    /// The whole time in milliseconds.
    pub(super) duration_ms: u64,
}

/// One step.
#[derive(Debug, Clone, Serialize)]
pub(super) struct StepReport {
    /// What was done.
    pub(super) step: String,
    /// How long it took.
    pub(super) duration_ms: u64,
    /// What came of it.
    pub(super) detail: String,
}

/// One release of the package.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ReleaseReport {
    /// Its source version.
    pub(super) source_version: u32,
    /// Bytes of its files.
    pub(super) size_bytes: u64,
    /// Number of its files.
    pub(super) files: u64,
    /// Bytes of objects that were not stored before.
    pub(super) new_bytes: u64,
}

/// One device.
#[derive(Debug, Clone, Serialize)]
pub(super) struct DeviceReport {
    /// Its name.
    pub(super) device: Name,
    /// Its last state.
    pub(super) state: ClientState,
    /// The exit code of its last run.
    pub(super) exit_code: Option<i64>,
    /// What it took to have the contents of the releases, in order.
    pub(super) deliveries: Vec<Delivery>,
}

/// How a content came to a device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Delivery {
    /// Bytes over the wire, by who sent them.
    pub(super) sources: BTreeMap<Name, u64>,
    /// Bytes over the wire.
    pub(super) fetched_bytes: u64,
    /// Bytes taken from what the device held before.
    pub(super) reused_bytes: u64,
    /// From the first request to the verified tree.
    pub(super) duration_ms: u64,
}
