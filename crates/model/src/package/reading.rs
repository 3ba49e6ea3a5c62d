//! How the source folder of a package is read: what is refused there unless its administrator allows it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What to do with symbolic links that lead out of a source folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OutsideLinks {
    /// The source is refused, and the link named.
    #[default]
    Refuse,
    /// They travel as they are. Clients make them as they are and follow none; those on Windows refuse the content.
    Keep,
}

impl OutsideLinks {
    /// The word for it, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Keep => "keep",
        }
    }
}

impl fmt::Display for OutsideLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for OutsideLinks {
    type Err = UnknownOutsideLinks;

    fn from_str(text: &str) -> Result<Self, UnknownOutsideLinks> {
        let found = [Self::Refuse, Self::Keep].into_iter().find(|known| known.as_str() == text);
        found.ok_or(UnknownOutsideLinks)
    }
}

/// A text that is no [`OutsideLinks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected refuse or keep")]
pub struct UnknownOutsideLinks;

/// Which names to allow in a source folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Names {
    /// Those that every system can hold, and no two in a folder that differ in case alone. A source with others is refused, and they are
    /// named.
    #[default]
    Portable,
    /// All that Linux can hold, byte for byte. Clients that can't hold those of a content wait with a reason.
    Unix,
}

impl Names {
    /// The word for it, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Unix => "unix",
        }
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Names {
    type Err = UnknownNames;

    fn from_str(text: &str) -> Result<Self, UnknownNames> {
        let found = [Self::Portable, Self::Unix].into_iter().find(|known| known.as_str() == text);
        found.ok_or(UnknownNames)
    }
}

/// A text that is no [`Names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected portable or unix")]
pub struct UnknownNames;
