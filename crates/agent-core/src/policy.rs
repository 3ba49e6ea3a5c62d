//! Which policy counts.

use dray_model::{DeviceId, Timestamp};

/// Why a policy does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyRefusal {
    /// A format of a later version.
    #[error("the policy has format {0}, which this agent does not know")]
    Format(u32),
    /// Signed for somebody else.
    #[error("the policy is for {0}, not for this device")]
    OtherDevice(DeviceId),
    /// An older policy than the one that is held.
    #[error("the policy has number {number}, and {held} was seen before")]
    Older {
        /// Its number.
        number: u64,
        /// The highest number seen.
        held: u64,
    },
    /// The same number, signed earlier.
    #[error("the policy was issued at {issued_at}, and one of the same number at {held} was seen before")]
    IssuedEarlier {
        /// When it was issued.
        issued_at: Timestamp,
        /// When the held one was issued.
        held: Timestamp,
    },
    /// Past its expiry, or the computer's clock is ahead.
    #[error("the policy expired at {0}")]
    Expired(Timestamp),
}
