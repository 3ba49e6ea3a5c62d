//! What the agent remembers of what passed between it and the site: the facts that the site has, and the policy that it sent last.

use bytes::Bytes;
use dray_model::history::Holds;
use dray_model::{Digest, Timestamp};

const DIGEST_BYTES: usize = 32;

/// Which facts the site has, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactsTold {
    /// Of the facts and features in JSON.
    pub digest: Digest,
    /// When they were sent.
    pub at: Timestamp,
}

impl FactsTold {
    pub(super) fn to_bytes(self) -> Vec<u8> {
        [&self.digest.as_bytes()[..], &self.at.micros().to_le_bytes()].concat()
    }

    /// None when it is something else: then nothing is known of what the site has.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (digest, micros) = bytes.split_at_checked(DIGEST_BYTES)?;
        let at = Timestamp::from_micros(i64::from_le_bytes(micros.try_into().ok()?));
        Some(Self { digest: Digest::try_from(digest).ok()?, at })
    }
}

/// A policy that was taken, as the site signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its number and era.
    pub holds: Holds,
    /// Its envelope.
    pub envelope: Bytes,
}
