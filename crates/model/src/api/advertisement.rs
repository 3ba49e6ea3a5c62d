//! Advertisements, and how far they are.

use serde::{Deserialize, Serialize};

use crate::advertisement::AdvertisementTerms;
use crate::package::ReleaseNumber;
use crate::state::{ClientState, Standing};
use crate::{DeviceId, Digest, Name, Timestamp};

/// A new advertisement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateAdvertisement {
    /// Unique among advertisements.
    pub name: Name,
    /// Its terms.
    pub terms: AdvertisementTerms,
}

/// Other terms for an advertisement; they are published as its next revision. Needs `If-Match`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeAdvertisement {
    /// All its terms.
    pub terms: AdvertisementTerms,
}

/// An advertisement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdvertisementView {
    /// Its name.
    pub name: Name,
    /// The revision in force; the ETag.
    pub revision: u32,
    /// Digest of the revision's signed envelope.
    pub digest: Digest,
    /// Its terms.
    pub terms: AdvertisementTerms,
    /// When the revision was published.
    pub published_at: Timestamp,
    /// How many devices are in each state.
    pub summary: AdvertisementSummary,
}

/// How many devices an advertisement reaches, and how many of them are in each state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdvertisementSummary {
    /// Members of the collection.
    pub targeted: u64,
    /// Devices by the last state that they reported. Members that reported nothing yet are in none.
    pub states: Vec<StateCount>,
}

/// How many devices are in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StateCount {
    /// The state.
    pub state: ClientState,
    /// How many.
    pub devices: u64,
}

/// Where one device is with one advertisement, by its last report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceStatusView {
    /// The device.
    pub device: DeviceId,
    /// The device's name.
    pub device_name: Name,
    /// The advertisement.
    pub advertisement: Name,
    /// The package.
    pub package: Name,
    /// The program.
    pub program: Name,
    /// The release that the state speaks of.
    pub release: ReleaseNumber,
    /// The state and its reason.
    pub standing: Standing,
    /// The exit code of the last run.
    pub exit_code: Option<i64>,
    /// When the last run started.
    pub started_at: Option<Timestamp>,
    /// When the site received the report.
    pub received_at: Timestamp,
}
