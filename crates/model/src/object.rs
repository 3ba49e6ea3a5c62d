//! The kinds of objects that administrators work with: one word for each, in the audit log, in rights, in failures and on the
//! command line.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::excerpt::quoted;

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ObjectKind {
    /// Software: its source folder and its programs.
    Package,
    /// A set of devices.
    Collection,
    /// A program for a collection.
    Advertisement,
    /// A client computer.
    Device,
    /// A distribution point.
    Point,
    /// A token that lets computers or a point enrol.
    EnrolmentToken,
    /// An administrator's token.
    Token,
    /// Work in the background.
    Job,
    /// Stored files.
    Content,
    /// The record of all changes.
    Audit,
    /// A set of rights.
    Role,
    /// A part of the site's objects.
    Scope,
    /// The site itself.
    Site,
}

impl ObjectKind {
    /// All kinds.
    pub const ALL: [Self; 13] = [
        Self::Package,
        Self::Collection,
        Self::Advertisement,
        Self::Device,
        Self::Point,
        Self::EnrolmentToken,
        Self::Token,
        Self::Job,
        Self::Content,
        Self::Audit,
        Self::Role,
        Self::Scope,
        Self::Site,
    ];

    /// Whether scopes hold objects of this kind. Advertisements are in the scope of their collection, devices in those of the collections
    /// that they are in.
    #[must_use]
    pub const fn is_scoped(self) -> bool {
        matches!(self, Self::Package | Self::Collection | Self::Point)
    }

    /// The word for programs: in the API, the audit log, the database and the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Collection => "collection",
            Self::Advertisement => "advertisement",
            Self::Device => "device",
            Self::Point => "point",
            Self::EnrolmentToken => "enrolment-token",
            Self::Token => "token",
            Self::Job => "job",
            Self::Content => "content",
            Self::Audit => "audit",
            Self::Role => "role",
            Self::Scope => "scope",
            Self::Site => "site",
        }
    }
}

/// As sentences name it.
impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Point => "distribution point",
            Self::EnrolmentToken => "enrolment token",
            other => other.as_str(),
        })
    }
}

/// A text that is not an [`ObjectKind`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a kind of object", quoted(.0))]
pub struct InvalidObjectKind(String);

impl std::str::FromStr for ObjectKind {
    type Err = InvalidObjectKind;

    fn from_str(text: &str) -> Result<Self, InvalidObjectKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| InvalidObjectKind(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_word_everywhere() {
        for kind in ObjectKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert!("boundary-group".parse::<ObjectKind>().is_err());
    }
}
