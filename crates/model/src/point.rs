//! Distribution points and what they hold.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::unknown::{self, Unknown};
use crate::{Digest, Name, Size, Timestamp};

/// One package that a point is to hold, with all that it needs to fetch and verify it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
pub struct AssignedObject {
    /// Digest of its bytes.
    pub digest: Digest,
    /// How many there are.
    pub bytes: u64,
}

/// The state of a content at a distribution point. A `sentence` describes it; newer points may report other states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "state", remote = "Self")]
pub enum PointContentState {
    /// The point has not looked at it yet.
    Pending,
    /// The content is being downloaded.
    Transferring {
        /// Bytes downloaded.
        done_bytes: u64,
        /// Bytes needed in total.
        total_bytes: u64,
    },
    /// Every object is there and verified.
    Installed {
        /// When the last object was verified.
        verified_at: Timestamp,
    },
    /// The last attempt failed.
    Failed {
        /// What went wrong, in one sentence.
        reason: String,
        /// When it will be tried again.
        next_try: Timestamp,
    },
    /// A state that this version doesn't know.
    #[serde(skip)]
    Other(Unknown),
}

unknown::reads_every_code!(PointContentState, "state");

/// One sentence for people, without a full stop.
impl fmt::Display for PointContentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pending => write!(f, "the point has not looked at this content yet"),
            Self::Transferring { done_bytes, total_bytes } => {
                write!(f, "the point has {} of {}", Size(*done_bytes), Size(*total_bytes))
            }
            Self::Installed { verified_at } => write!(f, "the point has all of it and verified it at {verified_at:.0}"),
            Self::Failed { reason, next_try } => write!(f, "{reason}; the point will try again at {next_try:.0}"),
            Self::Other(unknown) => unknown.fmt(f),
        }
    }
}

/// What a point reports of one content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointReport {
    /// Digest of the content's tree.
    pub content: Digest,
    /// Where it is with it.
    pub state: PointContentState,
}
