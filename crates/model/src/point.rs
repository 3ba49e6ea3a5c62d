//! Distribution points and what they hold.

use serde::{Deserialize, Serialize};

use crate::{Digest, Name, Timestamp};

/// One package that a point is to hold, with all that it needs to fetch and verify it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointAssignment {
    /// The package.
    pub package: Name,
    /// Its content's source version.
    pub source_version: u32,
    /// Digest of the content's tree.
    pub content: Digest,
    /// Digest of the manifest object that tells how the content is built.
    pub manifest: Digest,
    /// Bytes of the manifest object.
    pub manifest_bytes: u64,
    /// Updates to the content, to be held beside it. The content is held without them too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub updates: Vec<AssignedUpdate>,
}

/// An update that a point is to hold, with all its objects: who lacks the tree that it begins from can't read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssignedUpdate {
    /// Digest of the tree that it begins from.
    pub from: Digest,
    /// Digest of the update object.
    pub object: Digest,
    /// Bytes of the update object.
    pub bytes: u64,
    /// The packs of its segments. Other packs that it asks for are the manifest's.
    pub packs: Vec<AssignedObject>,
    /// What makes the manifest of the content, for a point that holds the content that the update begins from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest_difference: Option<AssignedObject>,
}

/// An object of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssignedObject {
    /// Digest of its bytes.
    pub digest: Digest,
    /// How many there are.
    pub bytes: u64,
}

/// Where a point is with one content, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "state", deny_unknown_fields)]
pub enum PointContentState {
    /// The point has not looked at it yet.
    Pending,
    /// Bytes are on their way.
    Transferring {
        /// Bytes that are here.
        done_bytes: u64,
        /// Bytes that are needed.
        total_bytes: u64,
    },
    /// Every object is here and verified.
    Installed {
        /// When the last object was verified.
        verified_at: Timestamp,
    },
    /// The last try failed.
    Failed {
        /// What went wrong, in one sentence.
        reason: String,
        /// When it is tried again.
        next_try: Timestamp,
    },
}

/// What a point reports of one content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointReport {
    /// Digest of the content's tree.
    pub content: Digest,
    /// Where it is with it.
    pub state: PointContentState,
}
