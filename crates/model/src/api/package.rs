//! Packages, programs and releases.

use serde::{Deserialize, Serialize};

use crate::package::{Content, Names, NotCarried, OutsideLinks, PackageProperties, ReleaseNumber};
use crate::program::Program;
use crate::{Digest, JobId, Name, Timestamp};

/// A new package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreatePackage {
    /// Unique among packages.
    pub name: Name,
    /// Its description.
    #[serde(default)]
    pub properties: PackageProperties,
    /// The folder with the source files on the site server, an absolute path. Absent for a package without source files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 4096, pattern = "^/[^\\u0000]*$"))]
    pub source: Option<String>,
    /// What to do with symbolic links that lead out of the source folder.
    #[serde(default)]
    pub outside_links: OutsideLinks,
    /// Which names to allow in the source folder.
    #[serde(default)]
    pub names: Names,
    /// Its programs.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_items = 100))]
    pub programs: Vec<Program>,
}

/// A change to a package. Anything absent stays as it is. Needs `If-Match`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangePackage {
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<PackageProperties>,
    /// New source folder, read at the next update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 4096, pattern = "^/[^\\u0000]*$"))]
    pub source: Option<String>,
    /// What to do with symbolic links that lead out of the source folder, from the next update on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside_links: Option<OutsideLinks>,
    /// Which names to allow in the source folder, from the next update on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Names>,
    /// All its programs; they replace the existing ones, and a new release is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_items = 100))]
    pub programs: Option<Vec<Program>>,
}

/// How to update a package. Everything is optional.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdatePackage {
    /// Read every file of the source folder, even those whose size, times and inode have not changed since they were last read.
    #[serde(default)]
    pub checksum: bool,
    /// Publish a new source version even if only modification times have changed.
    #[serde(default)]
    pub times: bool,
}

/// The distribution points to assign a package to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DistributePackage {
    /// The points; at most 1000.
    #[cfg_attr(feature = "openapi", schema(max_items = 1000))]
    pub points: Vec<Name>,
}

/// A package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PackageView {
    /// Its name.
    pub name: Name,
    /// The revision, which increases with every change; the ETag.
    pub revision: u64,
    /// Its description.
    pub properties: PackageProperties,
    /// The folder with the source files on the site server.
    pub source: Option<String>,
    /// What to do with symbolic links that lead out of the source folder.
    #[serde(default)]
    pub outside_links: OutsideLinks,
    /// Which names to allow in the source folder.
    #[serde(default)]
    pub names: Names,
    /// Its current programs.
    pub programs: Vec<Program>,
    /// The newest release; absent until the first one is published.
    pub release: Option<ReleaseView>,
    /// The job that is publishing the next release, if any.
    pub publishing: Option<JobId>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// A published release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseView {
    /// Its number.
    pub number: ReleaseNumber,
    /// Digest of its signed envelope.
    pub digest: Digest,
    /// Its content.
    pub content: Option<Content>,
    /// What the source folder had that its content does not preserve.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_carried: Vec<NotCarried>,
    /// Digest of the content's manifest object.
    pub manifest: Option<Digest>,
    /// Bytes of pack objects that were not stored before.
    pub new_bytes: u64,
    /// When it was published.
    pub published_at: Timestamp,
}

/// The answer to a request that continues as a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobStarted {
    /// The job; see `GET /api/v1/jobs/{id}`.
    pub job: JobId,
}
