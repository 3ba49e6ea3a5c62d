//! What is in the content store, and which updates there are to a package's content.

use serde::{Deserialize, Serialize};

use crate::{Digest, Timestamp};

/// What the content store holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContentStats {
    /// Contents of releases, with the bytes of all their files.
    pub contents: ObjectSums,
    /// Manifests.
    pub manifests: ObjectSums,
    /// Packs of chunks; each chunk is stored once.
    pub packs: ObjectSums,
    /// Update objects.
    pub updates: ObjectSums,
    /// Packs of updates' segments.
    pub segments: ObjectSums,
    /// Differences from which points build manifests.
    pub manifest_differences: ObjectSums,
    /// Unused objects: still being written, or about to be deleted.
    pub unneeded: ObjectSums,
    /// Objects of any kind that are known to be damaged or missing.
    #[serde(default)]
    pub damaged: ObjectSums,
    /// Bytes to download for all updates, each counted once.
    pub update_fetch_bytes: u64,
    /// Bytes to download without them, each counted once.
    pub without_update_bytes: u64,
}

/// Some objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectSums {
    /// How many of them.
    pub count: u64,
    /// Their total size in bytes.
    pub bytes: u64,
}

/// Everything that a store or a point needs of a source version of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PackageObjects {
    /// The source version.
    pub source_version: u32,
    /// Its content.
    pub content: Digest,
    /// The packs, the updates and the manifest, each after the objects that it depends on.
    pub objects: Vec<ContentObject>,
}

/// An object of the content store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContentObject {
    /// Its name there, like `packs/<digest>`.
    pub object: String,
    /// Its size in bytes.
    pub size_bytes: u64,
}

/// What is known to be wrong in the content store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContentDamage {
    /// Objects, by name.
    pub objects: Vec<DamagedObject>,
}

/// An object that is damaged or missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DamagedObject {
    /// Its name in the store, like `packs/<digest>`.
    pub object: String,
    /// How it is.
    pub state: DamageState,
    /// What is wrong with it.
    pub why: String,
    /// Why it could not be repaired, and what to do.
    pub hint: Option<String>,
    /// When that was noticed.
    pub found_at: Timestamp,
    /// The source versions that need it, for example `editor@3`.
    pub needed_by: Vec<String>,
}

/// What is wrong with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DamageState {
    /// It has other bytes than its name says.
    Damaged,
    /// It doesn't exist.
    Missing,
}

impl DamageState {
    /// The word for it, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Missing => "missing",
        }
    }
}

/// An update to the newest content of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateView {
    /// The source version that it updates from; absent if no version of the package has that content, as for an update from nothing.
    pub from_version: Option<u32>,
    /// Digest of the content that it updates from.
    pub from: Digest,
    /// How thoroughly it was prepared.
    pub level: UpdateLevel,
    /// Bytes to download in total.
    pub fetch_bytes: u64,
    /// Bytes to download without it.
    pub without_bytes: u64,
    /// When it was prepared.
    pub prepared_at: Timestamp,
}

/// How thoroughly an update was prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum UpdateLevel {
    /// Quickly, when its content was published.
    Publish,
    /// As well as can be, in the background.
    Background,
}

/// The updates to the newest content of a package, smallest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PackageUpdates {
    /// The updates.
    pub updates: Vec<UpdateView>,
}
