//! Status messages of clients, as the site keeps them.

use serde::{Deserialize, Serialize};

use crate::status::StatusMessage;
use crate::{DeviceId, Name, Timestamp};

/// A status message, with its sender and the time at which it was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusView {
    /// The device that sent it.
    pub device: DeviceId,
    /// The device's name.
    pub device_name: Name,
    /// When the site received it.
    pub received_at: Timestamp,
    /// The message, as it was sent.
    pub message: StatusMessage,
}
