//! The server's one source of chance: the operating system, through AWS-LC.

use dray_model::{DeviceId, JobId};

/// 64 random bits.
#[must_use]
pub fn bits() -> u64 {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
    u64::from_le_bytes(bytes)
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
