//! Collections.

use serde::{Deserialize, Serialize};

use crate::collection::{CollectionProperties, CollectionRule};
use crate::{DeviceId, Name, Text, Timestamp};

/// A new collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateCollection {
    /// Unique among collections.
    pub name: Name,
    /// Its description.
    #[serde(default)]
    pub properties: CollectionProperties,
    /// Its rules; at most 1000.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_items = 1000))]
    pub rules: Vec<CollectionRule>,
}

/// A change to a collection. Anything absent stays as it is. Needs `If-Match`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeCollection {
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<CollectionProperties>,
    /// All its rules; they replace the existing ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_items = 1000))]
    pub rules: Option<Vec<CollectionRule>>,
}

/// A collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CollectionView {
    /// Its name.
    pub name: Name,
    /// The revision, which increases with every change; the ETag.
    pub revision: u64,
    /// Its description.
    pub properties: CollectionProperties,
    /// Its rules.
    pub rules: Vec<CollectionRule>,
    /// How many devices are members now.
    pub members: u64,
    /// When its membership was last computed.
    pub evaluated_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// A member of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CollectionMember {
    /// The device.
    pub device: DeviceId,
    /// The device's name.
    pub name: Name,
}

/// Shows which devices an expression would match. Nothing is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PreviewCollection {
    /// CEL over the inventory catalogue.
    pub expression: Text<4096>,
}

/// The devices that match an expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CollectionPreview {
    /// How many there are.
    pub members: u64,
    /// The first of them by name, at most 20.
    pub sample: Vec<CollectionMember>,
}
