//! Devices and enrolment tokens.

use serde::{Deserialize, Serialize};

use crate::device::DeviceState;
use crate::facts::Facts;
use crate::{DeviceId, Name, Text, Timestamp};

/// A device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceView {
    /// Its id, given at enrolment.
    pub id: DeviceId,
    /// Its name, made from its host name and unique among devices.
    pub name: Name,
    /// Whether it may talk to the site.
    pub state: DeviceState,
    /// When it enrolled.
    pub enrolled_at: Timestamp,
    /// When it last asked for its policy, told its facts or sent status.
    pub seen_at: Option<Timestamp>,
    /// Whether it holds a connection now, so that a nudge reaches it.
    pub connected: bool,
    /// When it told the facts that it has now.
    pub facts_at: Option<Timestamp>,
    /// What its agent understands beyond the first version's features, by its own account.
    #[serde(default)]
    pub features: Vec<Name>,
    /// Whether something that is advertised to it waits for a newer agent.
    #[serde(default)]
    pub needs_upgrade: bool,
    /// Its facts; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    /// Collections that it is a member of; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collections: Option<Vec<Name>>,
}

/// What an enrolment token lets somebody enrol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "kind", try_from = "PurposeWire")]
pub enum EnrolmentFor {
    /// Client computers.
    Devices {
        /// How many; 1 to 100 000.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100_000))]
        count: u32,
    },
    /// One distribution point, once.
    Point {
        /// The point, which must exist.
        point: Name,
    },
}

/// All fields of all kinds. Read this way, and not by kind, fields that aren't known can be seen by readers that refuse them.
#[derive(Deserialize)]
struct PurposeWire {
    kind: PurposeKind,
    count: Option<u32>,
    point: Option<Name>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum PurposeKind {
    Devices,
    Point,
}

impl TryFrom<PurposeWire> for EnrolmentFor {
    type Error = &'static str;

    fn try_from(wire: PurposeWire) -> Result<Self, Self::Error> {
        match (wire.kind, wire.count, wire.point) {
            (PurposeKind::Devices, Some(count), None) => Ok(Self::Devices { count }),
            (PurposeKind::Devices, ..) => Err("a token for devices needs `count`, and nothing else"),
            (PurposeKind::Point, None, Some(point)) => Ok(Self::Point { point }),
            (PurposeKind::Point, ..) => Err("a token for a point needs `point`, and nothing else"),
        }
    }
}

/// A new enrolment token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateEnrolmentToken {
    /// What for.
    #[serde(rename = "for")]
    pub purpose: EnrolmentFor,
    /// For administrators.
    #[serde(default)]
    pub comment: Text<1024>,
    /// How long it may be used, in seconds; 60 to 31 536 000. A day when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 60, maximum = 31_536_000))]
    pub valid_s: Option<u32>,
}

/// An enrolment token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolmentTokenView {
    /// The token's number.
    pub id: i64,
    /// What for.
    #[serde(rename = "for")]
    pub purpose: EnrolmentFor,
    /// For administrators.
    pub comment: Text<1024>,
    /// How often it was used.
    pub used: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was withdrawn.
    pub revoked_at: Option<Timestamp>,
}
