//! Devices and enrolment tokens.

use serde::{Deserialize, Serialize};

use crate::device::DeviceState;
use crate::facts::Facts;
use crate::{DeviceId, Name, Text, Timestamp};

/// A device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceView {
    /// Its id, assigned at enrolment.
    pub id: DeviceId,
    /// Its name, derived from its host name and unique among devices.
    pub name: Name,
    /// Whether it is allowed to use the site.
    pub state: DeviceState,
    /// When it enrolled.
    pub enrolled_at: Timestamp,
    /// When it last asked for its policy or sent facts or status messages.
    pub seen_at: Option<Timestamp>,
    /// Whether it is connected now, so that changes reach it at once.
    pub connected: bool,
    /// When it reported its current facts.
    pub facts_at: Option<Timestamp>,
    /// The features that its agent reports, beyond those of the first version.
    #[serde(default)]
    pub features: Vec<Name>,
    /// Whether something advertised to it needs a newer agent.
    #[serde(default)]
    pub needs_upgrade: bool,
    /// Its facts; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    /// The collections that it is a member of; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collections: Option<Vec<Name>>,
}

/// What an enrolment token lets enrol.
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
            (PurposeKind::Devices, ..) => Err("a token for devices takes `count` and nothing else"),
            (PurposeKind::Point, None, Some(point)) => Ok(Self::Point { point }),
            (PurposeKind::Point, ..) => Err("a token for a point takes `point` and nothing else"),
        }
    }
}

/// A new enrolment token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateEnrolmentToken {
    /// What it lets enrol.
    #[serde(rename = "for")]
    pub purpose: EnrolmentFor,
    /// A comment for administrators.
    #[serde(default)]
    pub comment: Text<1024>,
    /// How long it is valid, in seconds: 60 to 31 536 000. A day if absent.
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
    /// What it lets enrol.
    #[serde(rename = "for")]
    pub purpose: EnrolmentFor,
    /// A comment for administrators.
    pub comment: Text<1024>,
    /// How often it was used.
    pub used: u32,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}
