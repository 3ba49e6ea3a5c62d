//! The claim on a run: the lock that says "a runner lives", the file that says "it was begun", and the result.
//!
//! Room for the result is reserved on disk before anything is started, so that a disk that fills up while the program runs
//! does not cost its result.

use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread::park_timeout;
use std::time::{Duration, Instant};

use dray_agent_core::RunResult;
use dray_content::durable::{self, Readers};
use dray_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{clock, platform};

/// The lock's file name.
pub const LOCK: &str = "lock";
/// Name of the file that is created once, before the program starts.
pub const STARTED: &str = "started";
/// The result's file name.
pub const RESULT: &str = "result.json";
/// The file that becomes the result.
const RESERVED: &str = "result.reserved";

/// Room for a tail of 64 KiB whose every byte JSON escapes in six.
const RESERVED_BYTES: u64 = 448 * 1024;
/// How long and how often a runner tries to write a result that the disk does not take.
const RECORD_FOR: Duration = Duration::from_secs(600);
const RECORD_EVERY: Duration = Duration::from_secs(5);

/// What stands in `started`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// Which start of the computer it was.
    pub boot_id: String,
    /// When.
    pub at: Timestamp,
    /// Made by the agent instead of a runner, so that the program never starts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub voided: bool,
}

impl Started {
    /// Creates the mark in a run's folder whose lock the caller holds; tells whether it was the first to do so.
    ///
    /// # Errors
    /// The folder can't be written; there is no mark then.
    pub(crate) fn create(&self, folder: &Path) -> io::Result<bool> {
        durable::create_once(&folder.join(STARTED), &serde_json::to_vec(self)?, Readers::Owner)
    }
}

/// The lock of a run.
#[derive(Debug)]
pub(crate) struct RunLock(File);

impl Drop for RunLock {
    fn drop(&mut self) {
        // Closing is not enough while a process that is just being started has a copy of the descriptor.
        let _ = self.0.unlock();
    }
}

/// Takes the lock of a run; `None` while a runner holds it.
///
/// # Errors
/// The folder doesn't exist or can't be written.
pub(crate) fn lock(folder: &Path) -> io::Result<Option<RunLock>> {
    let lock = File::options().create(true).truncate(false).write(true).open(folder.join(LOCK))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(RunLock(lock))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The right to run the program: held by one runner, once.
pub(super) struct Claim {
    folder: PathBuf,
    started: Started,
    reserved: File,
    _lock: RunLock,
}

impl Claim {
    /// Takes the run; `None` when somebody has it or had it.
    ///
    /// # Errors
    /// The folder can't be written; the run was not begun then.
    pub(super) fn take(folder: &Path) -> io::Result<Option<Self>> {
        let Some(lock) = lock(folder)? else { return Ok(None) };
        if folder.join(RESULT).try_exists()? || folder.join(STARTED).try_exists()? {
            return Ok(None);
        }
        let reserved = platform::open_private(&folder.join(RESERVED))?;
        platform::reserve(&reserved, RESERVED_BYTES)?;
        let started = Started { boot_id: platform::boot_id()?, at: clock::now(), voided: false };
        Ok(started.create(folder)?.then(|| Self { folder: folder.to_owned(), started, reserved, _lock: lock }))
    }

    /// When the run was begun.
    pub(super) const fn started_at(&self) -> Timestamp {
        self.started.at
    }

    /// Writes the result; without the output when the disk does not take it, and for ten minutes when it takes nothing.
    ///
    /// # Errors
    /// The disk took nothing all the time.
    pub(super) fn record(mut self, mut result: RunResult) -> io::Result<()> {
        let begun = Instant::now();
        loop {
            let Err(error) = self.try_record(&result) else { return Ok(()) };
            if begun.elapsed() > RECORD_FOR {
                return Err(error);
            }
            if result.output_tail.is_empty() {
                park_timeout(RECORD_EVERY);
            } else {
                result.output_tail = String::new();
            }
        }
    }

    fn try_record(&mut self, result: &RunResult) -> io::Result<()> {
        use std::io::Seek;
        let bytes = serde_json::to_vec(result)?;
        self.reserved.rewind()?;
        self.reserved.write_all(&bytes)?;
        self.reserved.set_len(bytes.len() as u64)?;
        durable::place(&self.reserved, &self.folder.join(RESERVED), &self.folder.join(RESULT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dray_agent_core::Outcome;

    #[test]
    fn a_run_is_claimed_once_whatever_became_of_it() {
        let temp = tempfile::tempdir().unwrap();
        let claim = Claim::take(temp.path()).unwrap().unwrap();
        assert!(Claim::take(temp.path()).unwrap().is_none(), "while it is held");
        drop(claim);
        assert!(Claim::take(temp.path()).unwrap().is_none(), "after its runner is gone");
    }

    #[test]
    fn a_result_replaces_the_room_kept_for_it() {
        let temp = tempfile::tempdir().unwrap();
        let claim = Claim::take(temp.path()).unwrap().unwrap();
        let result = RunResult {
            outcome: Outcome::Exit(3),
            started_at: claim.started_at(),
            duration_ms: 5,
            output_tail: "\u{1}".repeat(64 * 1024),
        };
        claim.record(result.clone()).unwrap();
        let read: RunResult = serde_json::from_slice(&std::fs::read(temp.path().join(RESULT)).unwrap()).unwrap();
        assert_eq!(read, result);
        assert!(!temp.path().join(RESERVED).exists());
    }

    #[test]
    fn a_run_whose_folder_is_gone_is_not_begun() {
        let temp = tempfile::tempdir().unwrap();
        assert!(Claim::take(&temp.path().join("none")).is_err());
    }
}
