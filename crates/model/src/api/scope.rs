//! Scopes: parts of the site's objects, for administrators who work on those alone.

use serde::{Deserialize, Serialize};

use crate::excerpt::quoted;
use crate::{Name, ObjectKind, Text, Timestamp};

/// A kind of object that can be in a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ScopedKind {
    /// Packages.
    Package,
    /// Collections, with their devices and what is advertised to them.
    Collection,
    /// Distribution points.
    Point,
}

impl ScopedKind {
    /// The word for programs, as [`ObjectKind::as_str`].
    #[must_use]
    pub fn as_str(self) -> &'static str {
        ObjectKind::from(self).as_str()
    }
}

/// A text that is not a [`ScopedKind`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a kind of object that can be in a scope; use package, collection or point", quoted(.0))]
pub struct InvalidScopedKind(String);

impl std::str::FromStr for ScopedKind {
    type Err = InvalidScopedKind;

    fn from_str(text: &str) -> Result<Self, InvalidScopedKind> {
        [Self::Package, Self::Collection, Self::Point]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| InvalidScopedKind(text.to_owned()))
    }
}

impl From<ScopedKind> for ObjectKind {
    fn from(kind: ScopedKind) -> Self {
        match kind {
            ScopedKind::Package => Self::Package,
            ScopedKind::Collection => Self::Collection,
            ScopedKind::Point => Self::Point,
        }
    }
}

/// A scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScopeView {
    /// Its name.
    pub name: Name,
    /// Its title.
    pub title: Text<128>,
    /// How many objects are in it.
    pub objects: u64,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A new, empty scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateScope {
    /// Its name.
    pub name: Name,
    /// Its title.
    #[serde(default)]
    pub title: Text<128>,
}

/// An object in a scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScopeObject {
    /// What it is.
    pub kind: ScopedKind,
    /// Its name.
    pub name: Name,
}
