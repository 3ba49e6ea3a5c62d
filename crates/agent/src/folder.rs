//! The agent's folder: what lies where in it, and the lock that says that an agent works in it.
//!
//! ```text
//! identity.json    who this device is, with its key (0600); there only when enrolment is complete
//! agent.redb       the agent's memory: the state of its decisions and the messages that the site has not kept yet
//! runs/<run>/      one folder for each run of a program
//! cache/           contents
//! control.sock     local commands
//! lock             held by the one agent that works here
//! ```
//!
//! The folder is 0700: nobody else changes what the agent runs or reads its key.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::platform;

/// Where an agent lives when nothing else is said.
pub const DEFAULT: &str = "/var/lib/dray-agent";

/// Name of the socket in the folder.
pub(crate) const SOCKET: &str = "control.sock";

/// How often and with which pauses a folder is tried that somebody else has: three seconds in all.
const OCCUPY_TRIES: u32 = 30;
const OCCUPY_PAUSE: Duration = Duration::from_millis(100);

/// An agent's folder; knows its places and touches nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder(PathBuf);

/// The right to work in a folder, as long as it lives.
#[derive(Debug)]
pub struct Occupied(File);

impl Drop for Occupied {
    fn drop(&mut self) {
        // Closing is not enough while a process that is just being started has a copy of the descriptor.
        let _ = self.0.unlock();
    }
}

/// Why a folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It can't be made or opened.
    #[error("cannot use the folder {path}")]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// Another agent works in it.
    #[error("an agent is already running in {0}")]
    Occupied(PathBuf),
}

impl Folder {
    /// The folder at `path`, made absolute.
    ///
    /// # Errors
    /// [`FolderError::Unusable`] when the working folder is gone or the path is empty.
    pub fn at(path: &Path) -> Result<Self, FolderError> {
        let unusable = |source| FolderError::Unusable { path: path.to_owned(), source };
        std::path::absolute(path).map(Self).map_err(unusable)
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Who the device is.
    #[must_use]
    pub fn identity(&self) -> PathBuf {
        self.0.join("identity.json")
    }

    /// The agent's memory.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.0.join("agent.redb")
    }

    /// The runs.
    #[must_use]
    pub fn runs(&self) -> PathBuf {
        self.0.join("runs")
    }

    /// The contents.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.0.join("cache")
    }

    /// Makes the folder when it is missing, and private when it was not.
    ///
    /// # Errors
    /// [`FolderError::Unusable`].
    pub fn create(&self) -> Result<(), FolderError> {
        platform::create_private_dir(&self.0).map_err(|source| self.unusable(source))
    }

    /// Takes the folder for this process.
    ///
    /// # Errors
    /// [`FolderError::Occupied`] when an agent works in it, [`FolderError::Unusable`] when it doesn't exist.
    pub fn occupy(&self) -> Result<Occupied, FolderError> {
        let path = self.0.join("lock");
        let file = File::options().create(true).truncate(false).write(true).open(path);
        let file = file.map_err(|source| self.unusable(source))?;
        match file.try_lock() {
            Ok(()) => Ok(Occupied(file)),
            Err(TryLockError::WouldBlock) => Err(FolderError::Occupied(self.0.clone())),
            Err(TryLockError::Error(source)) => Err(self.unusable(source)),
        }
    }

    /// Takes the folder, waiting a little if another process has it: a command that reads the memory has it for a moment.
    ///
    /// # Errors
    /// As [`Folder::occupy`].
    pub async fn occupy_soon(&self) -> Result<Occupied, FolderError> {
        for _ in 0..OCCUPY_TRIES {
            match self.occupy() {
                Err(FolderError::Occupied(_)) => tokio::time::sleep(OCCUPY_PAUSE).await,
                other => return other,
            }
        }
        self.occupy()
    }

    fn unusable(&self, source: io::Error) -> FolderError {
        FolderError::Unusable { path: self.0.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_agent_works_in_a_folder() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::at(&temp.path().join("agent")).unwrap();
        assert!(matches!(folder.occupy(), Err(FolderError::Unusable { .. })));
        folder.create().unwrap();
        let occupied = folder.occupy().unwrap();
        assert!(matches!(folder.occupy(), Err(FolderError::Occupied(_))));
        drop(occupied);
        folder.occupy().unwrap();
    }
}
