//! Whose the leases of this process are. The name stands in the site's folder, so that the next process takes back at once what this
//! one leaves when it is killed.
//!
//! The file is locked while its process lives: a process that finds it unlocked knows that the process named in it is gone. A second
//! process on the same folder works under a name that is written nowhere; its leases end by time alone.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use crate::random;

/// The file in the site's folder.
const FILE: &str = "worker";
/// Most bytes of a name that are read back.
const NAME_MAX: u64 = 128;

/// The name under which a process leases jobs.
#[derive(Debug)]
pub(super) struct Owner {
    name: String,
    _locked: Option<File>,
}

impl Owner {
    /// A new name, and that of the process before when it is gone.
    pub(super) fn succeed(dir: &Path) -> (Self, Option<String>) {
        let name = format!("{}-{:016x}", std::process::id(), random::bits());
        let succeeded = write_down(&dir.join(FILE), &name).unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot record which leases belong to this server; if it is killed, they will only end by time");
            None
        });
        match succeeded {
            Some((file, former)) => (Self { name, _locked: Some(file) }, (!former.is_empty()).then_some(former)),
            None => (Self { name, _locked: None }, None),
        }
    }

    /// The name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// The locked file and what stood in it; none when a process that lives holds it.
fn write_down(path: &Path, name: &str) -> io::Result<Option<(File, String)>> {
    let mut file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let mut former = String::new();
    (&file).take(NAME_MAX).read_to_string(&mut former)?;
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(name.as_bytes())?;
    Ok(Some((file, former)))
}
