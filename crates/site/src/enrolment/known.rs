//! What enrolment tokens are, by the hashes of their secrets: thousands of devices show the same one within minutes.
//!
//! That a token is known here says nothing about whether it is still good. Using it does, in the transaction that counts the use.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dray_model::api::device::EnrolmentFor;

/// Tokens remembered; with more of them the memory starts again.
const REMEMBERED_MAX: usize = 1000;

/// Hash of a token's secret.
type Hash = [u8; 32];

/// Tokens that were found in the database, with their numbers and what they are for, none of which ever changes.
#[derive(Debug, Default)]
pub(crate) struct KnownTokens {
    tokens: Mutex<HashMap<Hash, (i64, EnrolmentFor)>>,
}

impl KnownTokens {
    /// The token with this hash, if it was good a while ago.
    pub(super) fn find(&self, hash: &Hash) -> Option<(i64, EnrolmentFor)> {
        self.tokens().get(hash).cloned()
    }

    /// Remembers a good token.
    pub(super) fn remember(&self, hash: Hash, token: (i64, EnrolmentFor)) {
        let mut tokens = self.tokens();
        if tokens.len() >= REMEMBERED_MAX {
            tokens.clear();
        }
        tokens.insert(hash, token);
    }

    /// Forgets a token that turned out not to be good any more: from now on it is looked up first, and counts as a guess.
    pub(super) fn forget(&self, token: i64) {
        self.tokens().retain(|_, (number, _)| *number != token);
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<Hash, (i64, EnrolmentFor)>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_bounded_and_forgets() {
        let known = KnownTokens::default();
        for number in 0..=u32::try_from(REMEMBERED_MAX).unwrap() {
            let mut hash = [0; 32];
            hash[..4].copy_from_slice(&number.to_le_bytes());
            known.remember(hash, (number.into(), EnrolmentFor::Devices { count: 1 }));
            assert!(known.find(&hash).is_some());
            assert!(known.tokens().len() <= REMEMBERED_MAX);
            known.forget(number.into());
            assert!(known.find(&hash).is_none());
            known.remember(hash, (number.into(), EnrolmentFor::Devices { count: 1 }));
        }
    }
}
