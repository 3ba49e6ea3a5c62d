//! The site itself: how far it is, and whether it went on from an older copy of itself.

use serde::{Deserialize, Serialize};

use crate::{Name, Timestamp};

/// How the site is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SiteStatus {
    /// Its name.
    pub name: Name,
    /// The version of the server that answers.
    pub version: String,
    /// The number of its newest change, which the next policies have.
    pub number: u64,
    /// Its last return; absent when it never returned.
    pub returned: Option<ReturnView>,
    /// Members that wait to be accepted.
    pub waiting: WaitingMembers,
    /// What an administrator should look at, in sentences; nothing when all is well.
    pub advice: Vec<String>,
}

/// The site went on from an older copy of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReturnView {
    /// When that was found out.
    pub at: Timestamp,
    /// Everything up to this instant is in the copy. What was done between the two is forgotten.
    pub copied_at: Timestamp,
    /// How it was found out, in one sentence.
    pub cause: String,
    /// How often the site returned.
    pub times: u64,
}

/// How many members wait to be accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaitingMembers {
    /// Devices.
    pub devices: u64,
    /// Distribution points.
    pub points: u64,
}
