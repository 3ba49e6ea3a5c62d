//! The content cache: verified trees, one folder each, that programs run from.
//!
//! ```text
//! contents/<content>/   a complete tree, verified when it was made and again before each run
//! trees/<content>       its entries, where an update brought them
//! manifests/<content>   its entries and how it is built from chunks, where the manifest was fetched
//! staging/<content>/    a tree on its way, or one that did not pass its check; what is good of it is kept over restarts
//! removed/              on their way out
//! ```
//!
//! A tree is in `contents` only when it is whole: it gets there by one rename. At least one of the two files says what is in it, and
//! the next version is built from it. Only the agent may write here.

mod fetch;
mod held;
mod record;
mod room;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use dray_client::content::{BytesPerSecond, RateLimit};
use dray_content::verify::{Damage, DamageKind, restore_times, verify_tree};
use dray_model::{Digest, Timestamp};

use crate::platform;

pub use fetch::{Fetched, OnProgress};

/// Where in a staging folder an assembly builds, and looks for what an earlier one left. If that were to change, a damaged tree
/// would be fetched whole instead of repaired.
const STAGED_TREE: &str = "tree";

/// How long parts of a content are kept that nothing asks for any more.
const PARTS_KEPT: Duration = Duration::from_secs(30 * 86_400);

/// The cache of one agent.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    /// Shared by all fetches.
    rate: Option<Arc<RateLimit>>,
}

/// Why the cache can't be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {attempt} {path}")]
pub struct CacheError {
    /// What was attempted.
    attempt: &'static str,
    /// On which file or folder.
    path: PathBuf,
    /// What happened.
    #[source]
    source: io::Error,
}

impl Cache {
    /// The cache in `folder`, which is made when it is missing. What an earlier agent did not finish removing goes now, and so do
    /// parts of contents that nobody has fetched for a month.
    ///
    /// # Errors
    /// [`CacheError`].
    pub fn open(folder: &Path, now: Timestamp) -> Result<Self, CacheError> {
        let cache = Self { folder: folder.to_owned(), rate: None };
        for room in ["", "contents", "trees", "manifests", "staging", "removed"] {
            let path = folder.join(room);
            platform::create_private_dir(&path).map_err(failed("make", &path))?;
        }
        cache.drop_stale_parts(now);
        cache.sweep();
        Ok(cache)
    }

    /// Has contents fetched with at most so many bytes per second.
    #[must_use]
    pub fn with_max_rate(mut self, max_rate: Option<BytesPerSecond>) -> Self {
        self.rate = max_rate.map(|rate| Arc::new(RateLimit::new(rate.get())));
        self
    }

    /// Discards what belongs to no complete content and was not touched for [`PARTS_KEPT`].
    fn drop_stale_parts(&self, now: Timestamp) {
        let limit = SystemTime::UNIX_EPOCH + (now - PARTS_KEPT).since(Timestamp::from_secs(0));
        for room in ["contents", "staging", "trees", "manifests"] {
            let Ok(entries) = std::fs::read_dir(self.folder.join(room)) else { continue };
            for entry in entries.flatten() {
                let name = entry.file_name();
                let Some(content) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
                if !self.is_complete(content) && self.recorded_at(content).is_none_or(|tried| tried < limit) {
                    self.remove(content);
                }
            }
        }
    }

    /// The contents that are complete.
    ///
    /// # Errors
    /// [`CacheError`].
    pub fn contents(&self) -> Result<BTreeSet<Digest>, CacheError> {
        let path = self.folder.join("contents");
        let entries = std::fs::read_dir(&path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let names = entries.map_err(failed("list", &path))?.into_iter().map(|entry| entry.file_name());
        let digests = names.filter_map(|name| name.to_str()?.parse().ok());
        Ok(digests.filter(|content| self.is_complete(*content)).collect())
    }

    /// Whether a content is complete. Its bytes are checked by [`Cache::verify`].
    #[must_use]
    pub fn is_complete(&self, content: Digest) -> bool {
        self.tree(content).is_dir() && self.recorded_at(content).is_some()
    }

    /// The folder of a content's tree.
    #[must_use]
    pub fn tree(&self, content: Digest) -> PathBuf {
        self.folder.join("contents").join(content.to_string())
    }

    /// Free space in bytes where contents are kept.
    ///
    /// # Errors
    /// [`CacheError`].
    pub fn free_bytes(&self) -> Result<u64, CacheError> {
        platform::space(&self.folder).map(|space| space.free_bytes).map_err(failed("measure", &self.folder))
    }

    /// Checks every byte of a content before a program runs from it. What programs have left in its folder is removed, and times
    /// that they changed are set right. A tree that is damaged leaves the complete ones, so that it is fetched again. Blocks for as long as reading it takes.
    ///
    /// # Errors
    /// What is wrong, in one sentence.
    pub fn verify(&self, content: Digest) -> Result<(), String> {
        let result = self.check(content);
        if result.is_err() {
            self.set_damaged(content);
        }
        result
    }

    fn check(&self, content: Digest) -> Result<(), String> {
        let tree = self.read_tree(content)?;
        let root = self.tree(content);
        let Err(damages) = verify_tree(&root, &tree) else { return Ok(()) };
        let (harmless, bad): (Vec<_>, Vec<_>) =
            damages.into_iter().partition(|damage| matches!(damage.kind, DamageKind::Unknown | DamageKind::OtherTime));
        if let Some(first) = bad.first() {
            return Err(format!("{first}{}", more(bad.len())));
        }
        remove_unknown(&root, &harmless)?;
        restore_times(&root, &tree).map_err(|error| format!("cannot set file times: {error}"))
    }

    /// Takes a content out of the cache, with what has arrived of it.
    pub fn remove(&self, content: Digest) {
        let name = content.to_string();
        for room in ["contents", "staging"] {
            self.discard(&self.folder.join(room).join(&name), &format!("{room}-{name}"));
        }
        self.forget(content);
        self.sweep();
    }

    fn staging(&self, content: Digest) -> PathBuf {
        self.folder.join("staging").join(content.to_string())
    }

    /// Moves a tree out of the complete ones, to where the next fetch looks for what is good of it.
    fn set_damaged(&self, content: Digest) {
        let staging = self.staging(content);
        self.discard(&staging, &format!("staging-{content}"));
        // What can't be moved can't be run either: it is removed from the complete ones in any case.
        let moved = platform::create_private_dir(&staging)
            .and_then(|()| std::fs::rename(self.tree(content), staging.join(STAGED_TREE)));
        if moved.is_err() {
            self.discard(&self.tree(content), &format!("contents-{content}"));
        }
    }

    /// Moves a folder to those that are removed: it is gone under its name at once, whatever becomes of its files.
    fn discard(&self, path: &Path, name: &str) {
        let removed = self.folder.join("removed").join(name);
        let _ = platform::remove_folder(&removed);
        let _ = std::fs::rename(path, removed);
    }

    /// Removes what was discarded; what can't be removed is tried again at the next occasion.
    fn sweep(&self) {
        let Ok(entries) = std::fs::read_dir(self.folder.join("removed")) else { return };
        for entry in entries.flatten() {
            if let Err(error) = platform::remove_folder(&entry.path()) {
                tracing::warn!(path = %entry.path().display(), %error, "cannot delete discarded content");
            }
        }
    }
}

/// Removes what is not in a tree: logs and the like, left by a program that worked in its content folder.
fn remove_unknown(root: &Path, harmless: &[Damage]) -> Result<(), String> {
    for damage in harmless.iter().filter(|damage| damage.kind == DamageKind::Unknown) {
        let path = root.join(&damage.path);
        let is_folder = std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_dir());
        let removed = if is_folder { platform::remove_folder(&path) } else { std::fs::remove_file(&path) };
        removed.map_err(|error| format!("{damage}, and it cannot be deleted: {error}"))?;
    }
    Ok(())
}

fn more(count: usize) -> String {
    if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() }
}

/// Names what was attempted and on what.
fn failed(attempt: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CacheError {
    let path = path.to_owned();
    move |source| CacheError { attempt, path, source }
}

#[cfg(test)]
mod tests;
