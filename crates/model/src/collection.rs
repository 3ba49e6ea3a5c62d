//! Collections: sets of devices given by rules.

use serde::{Deserialize, Serialize};

use crate::{DeviceId, Text};

/// A rule of a collection. Every device that matches any of the rules is a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "kind", try_from = "RuleWire")]
pub enum CollectionRule {
    /// Include every enrolled device.
    AllDevices,
    /// One device.
    Direct {
        /// The device.
        device: DeviceId,
    },
    /// The devices that match an expression.
    Query {
        /// CEL over the inventory catalogue.
        expression: Text<4096>,
    },
}

/// All fields of all kinds. Read this way, and not by kind, fields that aren't known can be seen by readers that refuse them.
#[derive(Deserialize)]
struct RuleWire {
    kind: RuleKind,
    device: Option<DeviceId>,
    expression: Option<Text<4096>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RuleKind {
    AllDevices,
    Direct,
    Query,
}

impl TryFrom<RuleWire> for CollectionRule {
    type Error = &'static str;

    fn try_from(wire: RuleWire) -> Result<Self, Self::Error> {
        match (wire.kind, wire.device, wire.expression) {
            (RuleKind::AllDevices, None, None) => Ok(Self::AllDevices),
            (RuleKind::AllDevices, ..) => Err("a rule for all devices takes nothing but its kind"),
            (RuleKind::Direct, Some(device), None) => Ok(Self::Direct { device }),
            (RuleKind::Direct, ..) => Err("a rule for one device takes `device` and nothing else"),
            (RuleKind::Query, None, Some(expression)) => Ok(Self::Query { expression }),
            (RuleKind::Query, ..) => Err("a rule with a query takes `expression` and nothing else"),
        }
    }
}

/// The description of a collection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CollectionProperties {
    /// A comment for people.
    #[serde(default)]
    pub title: Text<128>,
    /// A comment for administrators.
    #[serde(default)]
    pub comment: Text<1024>,
}
