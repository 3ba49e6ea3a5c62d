//! Which start of the computer this is: what ran under another boot id has certainly ended.

use std::io;

/// A text that is the same until the computer restarts, and never again afterwards.
///
/// # Errors
/// `/proc` is not mounted.
pub(crate) fn boot_id() -> io::Result<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    Ok(text.trim().to_owned())
}
