//! Whether there is room for a tree: asked before its bytes are fetched, counting what has arrived of it.

use std::path::Path;

use dray_agent_core::{ContentFailure, ContentFailureKind};

use super::Cache;

/// Bytes that stay free beside a tree, for the agent's own memory and the results of runs.
const RESERVE_BYTES: u64 = 32 << 20;

impl Cache {
    /// Refuses a tree that takes `disk_bytes` when it does not fit, with `staging` holding a part of it.
    pub(super) fn make_sure_of_room(&self, disk_bytes: u64, staging: &Path) -> Result<(), ContentFailure> {
        let needed_bytes = disk_bytes.saturating_sub(bytes_below(staging)).saturating_add(RESERVE_BYTES);
        match self.free_bytes() {
            Ok(free_bytes) if free_bytes < needed_bytes => Err(disk_full(needed_bytes, free_bytes)),
            // What can't be measured is tried; a full disk says so itself.
            _ => Ok(()),
        }
    }

    /// The failure of a disk that was found full while writing a tree that takes `disk_bytes` in all.
    pub(super) fn found_full(&self, disk_bytes: u64, staging: &Path) -> ContentFailure {
        let needed = disk_bytes.saturating_sub(bytes_below(staging)).saturating_add(RESERVE_BYTES);
        disk_full(needed, self.free_bytes().unwrap_or(0))
    }
}

fn disk_full(needed_bytes: u64, free_bytes: u64) -> ContentFailure {
    let error = format!("not enough free space: {needed_bytes} bytes needed, {free_bytes} free");
    ContentFailure { kind: ContentFailureKind::DiskFull { needed_bytes, free_bytes }, error }
}

/// Bytes of the files below a folder; links are not followed.
fn bytes_below(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => bytes_below(&entry.path()),
        Ok(meta) if meta.is_file() => meta.len(),
        _ => 0,
    });
    sizes.sum()
}
