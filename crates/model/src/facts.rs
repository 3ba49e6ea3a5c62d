//! What a client tells about itself: a small typed inventory that collection queries and requirements look at.
//!
//! The properties and their meaning are the catalogue in `dray-query`; this is the document that carries them.

use serde::{Deserialize, Serialize};

/// One client's inventory. Absent values are unknown, and make a comparison false.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Facts {
    /// `linux`, `windows` or `macos`.
    pub platform: String,
    /// The distribution or edition, like `debian`; from `ID` of os-release on Linux.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os_name: Option<String>,
    /// The version of the operating system as its vendor writes it, like `12` or `10.0.19045`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// Machine architecture as Rust names it: `x86_64`, `aarch64`.
    pub architecture: String,
    /// Host name without its domain.
    pub host_name: String,
    /// Physical memory in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Processors available.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processors: Option<u32>,
    /// Version of the Dray agent.
    pub agent_version: String,
    /// Mounted local file systems.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disks: Vec<Disk>,
    /// Network addresses, loopback left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
    /// Installed packages, from dpkg or rpm where present.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub software: Vec<Software>,
}

/// A mounted local file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Disk {
    /// Where it is mounted: `/`, `C:\`.
    pub mount: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Free space in bytes when the facts were taken, rounded down to 64 MiB so that small changes are no news.
    pub free_bytes: u64,
}

/// One network address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Address {
    /// The interface's name.
    pub interface: String,
    /// IPv4 or IPv6 address in its usual text form, without prefix length.
    pub ip: String,
    /// Length of the network prefix in bits.
    pub prefix: u8,
}

/// One installed package of the operating system's package manager.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Software {
    /// The package's name.
    pub name: String,
    /// Its version as the package manager writes it.
    pub version: String,
}
