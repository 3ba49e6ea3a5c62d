//! Who works on a store: several side by side, or a collection of garbage alone.
//!
//! A lock of the system on the file `lock` in the store, gone with its process. A command that only reads and may not write there goes on
//! without: nobody who could remove something shares such a store.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use super::StoreError;

const NAME: &str = "lock";

/// Held as long as somebody works on the store.
#[derive(Debug)]
pub struct Lock {
    _file: Option<File>,
}

impl Lock {
    /// Beside others. Waits for who has the store alone.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn shared(root: &Path) -> Result<Self, StoreError> {
        let file = match open(root) {
            Ok(file) => file,
            Err(error)
                if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) =>
            {
                return Ok(Self { _file: None });
            }
            Err(error) => return Err(StoreError::file("open", root.join(NAME))(error)),
        };
        match file.lock_shared() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(Self { _file: None }),
            Err(error) => Err(StoreError::file("lock", root.join(NAME))(error)),
        }
    }

    /// None: what is read may go meanwhile, and who works there isn't held up. For folders of others, as that of a running point.
    #[must_use]
    pub const fn none() -> Self {
        Self { _file: None }
    }

    /// Alone. Waits until nobody else is there; `waiting` is called before.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn alone(root: &Path, waiting: impl FnOnce()) -> Result<Self, StoreError> {
        let failed = |error| StoreError::file("lock", root.join(NAME))(error);
        let file = open(root).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => return Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => waiting(),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.lock().map_err(failed)?;
        Ok(Self { _file: Some(file) })
    }
}

fn open(root: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(false).open(root.join(NAME))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn several_work_side_by_side_and_one_alone() {
        let root = tempfile::tempdir().unwrap();
        let (one, two) = (Lock::shared(root.path()).unwrap(), Lock::shared(root.path()).unwrap());
        assert!(matches!(open(root.path()).unwrap().try_lock(), Err(TryLockError::WouldBlock)));
        drop((one, two));
        let waited = Cell::new(false);
        let alone = Lock::alone(root.path(), || waited.set(true)).unwrap();
        assert!(!waited.get() && matches!(open(root.path()).unwrap().try_lock_shared(), Err(TryLockError::WouldBlock)));
        drop(alone);
        open(root.path()).unwrap().try_lock_shared().unwrap();
    }
}
