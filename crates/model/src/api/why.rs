//! The answer to *why is this not installed*: the whole chain, link by link.

use serde::{Deserialize, Serialize};

use crate::{Name, Timestamp};

/// Why a program is or is not installed on a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Why {
    /// The device's name.
    pub device: Name,
    /// The package.
    pub package: Name,
    /// The program.
    pub program: Name,
    /// The answer in one sentence: the first link that does not hold, or the success.
    pub answer: String,
    /// A chain for each advertisement of the program; none when nothing advertises it.
    pub chains: Vec<WhyChain>,
}

/// The links from an advertisement to its result on the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WhyChain {
    /// The advertisement.
    pub advertisement: Name,
    /// The links, in order.
    pub links: Vec<WhyLink>,
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WhyLink {
    /// Which link.
    pub link: WhyStage,
    /// Whether it holds.
    pub holds: WhyHolds,
    /// A stable code.
    pub code: String,
    /// One sentence for people.
    pub sentence: String,
    /// Since when, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When it may change by itself, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
}

/// The links of the chain, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WhyStage {
    /// The device is a member of the advertisement's collection.
    Membership,
    /// The device has the policy that names the advertisement.
    Policy,
    /// The advertisement has started, is assigned and has not expired.
    Time,
    /// The content is in the cache.
    Content,
    /// The device meets the requirements.
    Requirements,
    /// The program ran.
    Run,
    /// What came of it.
    Result,
}

/// Whether a link holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WhyHolds {
    /// It holds.
    Yes,
    /// Not yet; it may come.
    Waiting,
    /// It does not, and nothing changes that by itself.
    No,
    /// An earlier link does not hold, so nothing is known.
    Unknown,
}
