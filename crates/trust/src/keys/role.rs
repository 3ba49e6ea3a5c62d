//! The kinds of signed document.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a key may sign. Each role has one payload type of its own, so a signature made in one role is worth nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Package versions: programs and the digest of their content.
    Release,
    /// Advertisement revisions: which program, when, under which conditions.
    Advertisement,
    /// The list of documents and the settings for one device.
    Policy,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Release, Self::Advertisement, Self::Policy];

    /// The payload type that an envelope of this role must carry.
    #[must_use]
    pub const fn payload_type(self) -> &'static str {
        match self {
            Self::Release => "application/vnd.dray.release+json",
            Self::Advertisement => "application/vnd.dray.advertisement+json",
            Self::Policy => "application/vnd.dray.policy+json",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Release => "release",
            Self::Advertisement => "advertisement",
            Self::Policy => "policy",
        })
    }
}
