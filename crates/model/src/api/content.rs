//! What is in the content store, and which updates there are to a package's content.

use serde::{Deserialize, Serialize};

use crate::{Digest, Timestamp};

/// What the content store holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContentStats {
    /// Contents of releases: as many as there are, with the bytes of all their files.
    pub contents: ObjectSums,
    /// Manifests.
    pub manifests: ObjectSums,
    /// Packs of chunks, which hold each chunk once.
    pub packs: ObjectSums,
    /// Update objects.
    pub updates: ObjectSums,
    /// Packs of updates' segments.
    pub segments: ObjectSums,
    /// What makes manifests of earlier ones at points.
    pub manifest_differences: ObjectSums,
    /// Objects that nothing needs: on their way, or soon to be removed.
    pub unneeded: ObjectSums,
    /// Objects of all kinds that are known to be damaged or missing.
    #[serde(default)]
    pub damaged: ObjectSums,
    /// Bytes that travel for all updates together, each once.
    pub update_fetch_bytes: u64,
    /// Bytes that would travel without them, each once.
    pub without_update_bytes: u64,
}

/// Some objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectSums {
    /// How many.
    pub count: u64,
    /// Their bytes together.
    pub bytes: u64,
}

/// Everything that a store or a point needs of a source version of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PackageObjects {
    /// Which source version.
    pub source_version: u32,
    /// Its content.
    pub content: Digest,
    /// The packs, updates and the manifest, in an order in which each comes after what it needs.
    pub objects: Vec<ContentObject>,
}

/// An object of the content store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContentObject {
    /// Its name there, like `packs/<digest>`.
    pub object: String,
    /// Its bytes.
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
    /// Why it could not be made again, and what to do.
    pub hint: Option<String>,
    /// When that was noticed.
    pub found_at: Timestamp,
    /// The source versions that can't be had without it, like `editor@3`.
    pub needed_by: Vec<String>,
}

/// How an object is that can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DamageState {
    /// It has other bytes than its name says.
    Damaged,
    /// It is not there.
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
    /// The source version that it begins from; absent when the package has none with that content, as when it begins from nothing.
    pub from_version: Option<u32>,
    /// Digest of the tree that must be held.
    pub from: Digest,
    /// How thoroughly it was prepared.
    pub level: UpdateLevel,
    /// Bytes that travel in all.
    pub fetch_bytes: u64,
    /// Bytes that travel without it.
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

/// The updates to the newest content of a package, those that move the fewest bytes first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PackageUpdates {
    /// Them.
    pub updates: Vec<UpdateView>,
}
