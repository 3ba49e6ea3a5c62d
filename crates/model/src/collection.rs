//! Collections: sets of devices given by rules.

use serde::{Deserialize, Serialize};

use crate::{DeviceId, Text};

/// A rule of a collection. The members are the union of what its rules give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum CollectionRule {
    /// Every enrolled device.
    AllDevices,
    /// One device.
    Direct {
        /// The device.
        device: DeviceId,
    },
    /// The devices whose facts meet an expression.
    Query {
        /// CEL over the inventory catalogue.
        expression: Text<4096>,
    },
}

/// What a collection says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CollectionProperties {
    /// For people.
    #[serde(default)]
    pub title: Text<128>,
    /// For administrators.
    #[serde(default)]
    pub comment: Text<1024>,
}
