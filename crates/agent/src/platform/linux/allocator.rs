//! The C library's allocator, told to give large pieces of memory back.
//!
//! glibc raises the size from which memory is mapped and unmapped whenever such a piece is freed, and then keeps what a large
//! content took for as long as the process lives: 12.5 MB resident instead of 8.7 after 60 MB were fetched. It reads its settings
//! before `main` only, so the process starts itself over, once, in place.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// A size that is set stays as it is; one arena is enough for one busy thread.
const SETTINGS: [(&str, &str); 2] = [("MALLOC_MMAP_THRESHOLD_", "131072"), ("MALLOC_ARENA_MAX", "1")];

/// Starts this process over with the settings, unless it has some. Returns when there is nothing to do or it can't be done.
pub(crate) fn give_memory_back() {
    if !cfg!(target_env = "gnu") || SETTINGS.iter().any(|(name, _)| std::env::var_os(name).is_some()) {
        return;
    }
    let mut words = std::env::args_os();
    let mut command = Command::new(super::search::own_program());
    if let Some(name) = words.next() {
        command.arg0(name);
    }
    let error = command.args(words).envs(SETTINGS).exec();
    tracing::debug!(%error, "cannot configure the memory allocator; using its defaults");
}
