//! Files and folders that only their owner may read, with digests, and lasting once they are closed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use dray_model::Digest;

use super::BackupError;
use super::manifest::FilePart;
use crate::fresh;

/// Bytes read at a time.
const READ_BYTES: usize = 256 << 10;

pub(super) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::File { doing, path, source }
}

/// Makes a folder for its owner alone.
pub(super) fn make_folder(path: &Path) -> Result<(), BackupError> {
    fresh::make(path).map_err(failed("make", path))
}

/// Makes a file for its owner alone; there must be none.
pub(super) fn create(path: &Path) -> Result<File, BackupError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(failed("write", path))
}

/// Has the names in a folder last.
pub(super) fn sync_folder(path: &Path) -> Result<(), BackupError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(failed("write", path))
}

/// A writer that knows the digest and number of the bytes that went through it.
pub(super) struct Digesting<W> {
    inner: W,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<W> Digesting<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, hasher: blake3::Hasher::new(), bytes: 0 }
    }

    /// What was written, under the path that it has in the backup.
    pub(super) fn finish(self, path: String) -> (W, FilePart) {
        let digest = Digest::from_bytes(*self.hasher.finalize().as_bytes());
        (self.inner, FilePart { path, bytes: self.bytes, digest })
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Copies a file from one folder to the same place in another.
pub(super) fn copy(from: &Path, to: &Path, path: &str) -> Result<FilePart, BackupError> {
    let (source, target) = (from.join(path), to.join(path));
    let mut read = File::open(&source).map_err(failed("read", &source))?;
    let mut write = Digesting::new(create(&target)?);
    copy_bytes(&mut read, &mut write).map_err(failed("write", &target))?;
    let (file, part) = write.finish(path.to_owned());
    file.sync_all().map_err(failed("write", &target))?;
    Ok(part)
}

fn copy_bytes(read: &mut impl Read, write: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match read.read(&mut buffer)? {
            0 => return Ok(()),
            count => write.write_all(&buffer[..count])?,
        }
    }
}

/// Reads a file of a backup again and compares it with what the manifest says.
pub(super) fn check(folder: &Path, part: &FilePart) -> Result<(), BackupError> {
    let path = inside(folder, &part.path)?;
    let mut file = File::open(&path).map_err(failed("read", &path))?;
    let mut found = Digesting::new(io::sink());
    copy_bytes(&mut file, &mut found).map_err(failed("read", &path))?;
    let (_, found) = found.finish(part.path.clone());
    if found == *part { Ok(()) } else { Err(damaged(&path, "is not what was written")) }
}

pub(super) fn damaged(path: &Path, what: impl Into<String>) -> BackupError {
    BackupError::Damaged { path: path.to_owned(), what: what.into() }
}

/// A path of the manifest below the backup's folder. One that leads out of it is refused.
pub(super) fn inside(folder: &Path, path: &str) -> Result<PathBuf, BackupError> {
    let is_plain = path.split('/').all(|part| !matches!(part, "" | "." | "..")) && !path.contains('\\');
    if is_plain { Ok(folder.join(path)) } else { Err(damaged(&folder.join("manifest.json"), format!("names {path}"))) }
}
