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
    /// Objects that nothing needs: on their way, or soon to be removed.
    pub unneeded: ObjectSums,
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
