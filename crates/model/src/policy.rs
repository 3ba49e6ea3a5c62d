//! A device's policy: the short signed list of documents that apply to it, and its settings.

use serde::{Deserialize, Serialize};

use crate::{DeviceId, Digest, Timestamp};

/// The policy of one device. Signed for this device alone, with a number that never goes down and an expiry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The document's format; this is [`Policy::FORMAT`].
    pub format: u32,
    /// The device it is for.
    pub device: DeviceId,
    /// Goes up whenever anything that policies depend on changes at the site. A client refuses a lower number than the
    /// highest that it has seen.
    pub number: u64,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// From this instant on the client starts nothing by it.
    pub expires_at: Timestamp,
    /// What applies to the device, by advertisement name.
    pub entries: Vec<PolicyEntry>,
    /// How the agent works on this device.
    pub settings: AgentSettings,
}

impl Policy {
    /// The format that this version writes and reads.
    pub const FORMAT: u32 = 1;
}

/// One advertisement that reaches the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyEntry {
    /// Digest of the advertisement revision's signed envelope.
    pub advertisement: Digest,
    /// Digest of the signed envelope of the release that it offers.
    pub release: Digest,
}

/// How the agent works on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AgentSettings {
    /// Longest time between two looks at the policy when the site can't nudge, in seconds; 60 to 86 400.
    pub polling_interval_s: u32,
    /// Time between two inventories, in seconds; 300 to 604 800.
    pub inventory_interval_s: u32,
    /// How long content stays in the cache after the last policy that named it, in seconds (R§3.3: a day).
    pub cache_retention_s: u32,
}

impl Default for AgentSettings {
    fn default() -> Self {
        Self { polling_interval_s: 3600, inventory_interval_s: 3600, cache_retention_s: 86_400 }
    }
}
