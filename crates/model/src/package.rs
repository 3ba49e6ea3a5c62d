//! Packages, and the releases that are published from them.

mod not_carried;
mod reading;
mod requirement;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::program::Program;
use crate::readable::Payload;
use crate::requirement::Requirement;
use crate::{Digest, Name, Text};

pub use not_carried::{NotCarried, NotCarriedKind};
pub use reading::{Names, OutsideLinks, UnknownNames, UnknownOutsideLinks};
pub use requirement::{OUTSIDE_LINKS, UNIX_NAMES, describe_requirement};

/// The description of a package: everything but its programs and its source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PackageProperties {
    /// A comment for people.
    #[serde(default)]
    pub title: Text<128>,
    /// The version of the software, as its manufacturer writes it.
    #[serde(default)]
    pub version: Text<128>,
    /// Manufacturer of the software.
    #[serde(default)]
    pub manufacturer: Text<128>,
    /// The language of the software.
    #[serde(default)]
    pub language: Text<128>,
    /// A comment for administrators.
    #[serde(default)]
    pub comment: Text<1024>,
}

/// Which release of a package: its content's source version, and the revision of its programs and properties in it.
///
/// The source version increases when the source is read again (*update*), and the revision when only programs or properties change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseNumber {
    /// 1 for the first content.
    pub source_version: u32,
    /// 1 for the first release of a source version.
    pub revision: u32,
}

impl fmt::Display for ReleaseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.source_version, self.revision)
    }
}

/// The content of a release: a tree of files, named by the digest of its canonical encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Content {
    /// The content digest; the only identity of content that is signed.
    pub digest: Digest,
    /// Bytes of all files.
    pub size_bytes: u64,
    /// Number of files.
    pub files: u64,
    /// What a computer must be able to do to hold it, such as `unix_names` and `outside_links`, in order. A client that doesn't know
    /// one, or can't do it, waits with a reason and downloads nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
}

/// A release: the immutable document that clients act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Release {
    /// The document's format; this is [`Release::FORMAT`].
    pub format: u32,
    /// The package.
    pub package: Name,
    /// Which release of it.
    pub number: ReleaseNumber,
    /// What a reader must understand to act rightly by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Requirement>,
    /// What the package says of itself.
    pub properties: PackageProperties,
    /// Absent for a package without source files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// The programs, by name.
    pub programs: Vec<Program>,
}

impl Payload for Release {
    const KIND: &'static str = "release";
    const FORMATS: &'static [u32] = &[Self::FORMAT];
    type Identity = ReleaseIdentity;
}

/// What of a release keeps its meaning in every format: enough to report on it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReleaseIdentity {
    /// The package.
    pub package: Name,
    /// Which release of it.
    pub number: ReleaseNumber,
}

impl Release {
    /// The format that this version writes and reads.
    pub const FORMAT: u32 = 1;

    /// The program called `name`.
    #[must_use]
    pub fn program(&self, name: &Name) -> Option<&Program> {
        self.programs.iter().find(|program| program.name == *name)
    }
}
