//! The server's one source of chance.

use dray_model::{DeviceId, EraId, JobId};

/// 64 random bits.
#[must_use]
pub fn bits() -> u64 {
    dray_trust::random_bits()
}

/// A new job's id.
#[must_use]
pub fn job_id() -> JobId {
    JobId::from_random(bits())
}

/// A new device's id.
#[must_use]
pub fn device_id() -> DeviceId {
    DeviceId::from_random(bits())
}

/// A new era's name.
#[must_use]
pub fn era_id() -> EraId {
    EraId::from_random(bits())
}
