//! What local commands show: advertisements with their standings, and the policy.

use dray_model::package::ReleaseNumber;
use dray_model::state::Standing;
use dray_model::{Digest, Name, Timestamp};
use serde::Serialize;

/// An advertised program on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdvertisementView {
    /// The advertisement.
    pub name: Name,
    /// Its title, or its name when it has none.
    pub title: String,
    /// Its comment.
    pub comment: String,
    /// Its revision.
    pub revision: u32,
    /// The package.
    pub package: Name,
    /// The offered release; absent until its document is here.
    pub release: Option<ReleaseNumber>,
    /// The program.
    pub program: Name,
    /// The program's title, or its name when it has none or is not known.
    pub program_title: String,
    /// Whether it must run.
    pub mandatory: bool,
    /// Whether the person at the computer may start it now.
    pub can_request: bool,
    /// When it expires.
    pub expires: Option<Timestamp>,
    /// Where the device is with it.
    pub standing: Standing,
    /// Content on its way: bytes here and bytes to come in all.
    pub progress: Option<(u64, u64)>,
}

/// The policy that the agent acts by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyView {
    /// Its number.
    pub number: u64,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// Advertisements that it names.
    pub entries: usize,
    /// Documents that are not here yet, with the last error.
    pub missing_documents: Vec<(Digest, Option<String>)>,
}
