//! What a server process knows of the site's history: enough to judge nearly every claim without a statement.

use std::sync::{Mutex, MutexGuard, PoisonError};

use dray_model::Timestamp;
use dray_model::history::Holds;
use dray_store::history::{self, Era};
use dray_store::{Snapshot, StoreError, feed};
use tokio::sync::Semaphore;

use super::judge;
use crate::enrolment::CERTIFICATE_LIFE;

/// Proofs that are looked at at the same time.
const PROOFS: usize = 4;

/// What is known.
#[derive(Debug)]
pub(crate) struct Known {
    memory: Mutex<Memory>,
    /// Who has a turn with a proof.
    pub(super) turns: Semaphore,
}

#[derive(Debug)]
struct Memory {
    eras: Vec<Era>,
    newest: i64,
    /// Another process may have begun an era.
    is_stale: bool,
}

impl Known {
    /// What the database says.
    pub(crate) async fn read(snapshot: &mut Snapshot) -> Result<Self, StoreError> {
        let (eras, newest) = read(snapshot).await?;
        let memory = Mutex::new(Memory { eras, newest, is_stale: false });
        Ok(Self { memory, turns: Semaphore::new(PROOFS) })
    }

    /// Whether a claim doesn't fit, by what is in memory. That may be less than the database knows, so only "it fits" is final.
    pub(super) fn contradicts(&self, holds: Holds) -> bool {
        let memory = self.memory();
        memory.is_stale || judge::contradicts(&memory.eras, memory.newest, holds)
    }

    /// Reads again what the database says.
    pub(super) async fn refresh(&self, snapshot: &mut Snapshot) -> Result<(), StoreError> {
        let (eras, newest) = read(snapshot).await?;
        let mut memory = self.memory();
        // A later reader may have been faster.
        if newest >= memory.newest || memory.is_stale {
            *memory = Memory { eras, newest, is_stale: false };
        }
        Ok(())
    }

    /// The database is read before the next claim is judged.
    pub(crate) fn forget(&self) {
        self.memory().is_stale = true;
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The eras and the newest sequence.
pub(super) async fn read(snapshot: &mut Snapshot) -> Result<(Vec<Era>, i64), StoreError> {
    let newest = feed::sequences(snapshot).await?.newest;
    Ok((history::eras(snapshot).await?, newest))
}

/// Whether a certificate that was issued then may be one that the site has forgotten. One from before the copy was made isn't: its owner
/// would be in the copy, had it not been deleted.
pub(crate) fn may_be_forgotten(eras: &[Era], issued_at: Timestamp, now: Timestamp) -> bool {
    let second = |at: Timestamp| at.micros().div_euclid(1_000_000);
    if issued_at + CERTIFICATE_LIFE < now {
        return false;
    }
    eras.iter().any(|era| {
        era.returned
            .as_ref()
            .is_some_and(|returned| (second(returned.copied_at)..=second(era.began_at)).contains(&second(issued_at)))
    })
}

#[cfg(test)]
mod tests {
    use dray_model::EraId;
    use dray_store::history::Return;

    use super::*;

    #[test]
    fn only_certificates_between_the_copy_and_the_return_may_be_forgotten() {
        let at = Timestamp::from_secs;
        let returned = Some(Return { copied_at: at(100), cause: String::new() });
        let eras = [Era { id: EraId::from_random(1), sequence: 9, began_at: at(200), returned }];
        for (issued_s, expected) in [(99, false), (100, true), (200, true), (201, false)] {
            assert_eq!(may_be_forgotten(&eras, at(issued_s), at(300)), expected, "{issued_s}");
        }
        assert!(!may_be_forgotten(&eras, at(150), at(151) + CERTIFICATE_LIFE), "it has ended");
        assert!(!may_be_forgotten(&[], at(150), at(300)));
    }
}
