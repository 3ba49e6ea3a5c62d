//! Distribution points.

use serde::{Deserialize, Serialize};

use crate::point::PointContentState;
use crate::{Name, Text, Timestamp};

/// A new distribution point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreatePoint {
    /// Unique among points; `site` is reserved.
    pub name: Name,
    /// A comment for people.
    #[serde(default)]
    pub title: Text<128>,
    /// The address at which clients reach it: `https://host:port`. The host goes into its certificate.
    #[cfg_attr(feature = "openapi", schema(min_length = 9, max_length = 300, pattern = "^https://[^/?#@\\\\]+/?$"))]
    pub url: String,
}

/// A change to a distribution point. Anything absent stays as it is. Needs `If-Match`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangePoint {
    /// A comment for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text<128>>,
    /// The address at which clients reach it. A point must enrol again if its host changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 9, max_length = 300, pattern = "^https://[^/?#@\\\\]+/?$"))]
    pub url: Option<String>,
    /// Whether to send clients to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A distribution point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PointView {
    /// Its name.
    pub name: Name,
    /// The revision, which increases with every change; the ETag.
    pub revision: u64,
    /// A comment for people.
    pub title: Text<128>,
    /// The address at which clients reach it.
    pub url: String,
    /// Whether to send clients to it.
    pub enabled: bool,
    /// When it enrolled.
    pub enrolled_at: Option<Timestamp>,
    /// When it last contacted the site.
    pub seen_at: Option<Timestamp>,
    /// Packages assigned to it.
    pub packages: u64,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A package on a distribution point: what the point should hold, and its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PointPackageView {
    /// The point.
    pub point: Name,
    /// The package.
    pub package: Name,
    /// The source version that it should hold; absent until the package has one.
    pub wanted: Option<u32>,
    /// The newest source version that it holds, verified.
    pub held: Option<u32>,
    /// The state of the wanted one.
    pub state: PointContentState,
    /// When that was reported.
    pub reported_at: Option<Timestamp>,
}
