//! Devices: client computers that enrolled.

use serde::{Deserialize, Serialize};

/// Whether a device is allowed to use the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// It has a certificate and gets policy.
    Enrolled,
    /// Shut out at once, whatever certificate it shows.
    Revoked,
}
