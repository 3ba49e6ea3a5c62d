//! Size and free space of a file system.

use std::io;
use std::path::Path;

/// Size and free space in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Space {
    pub(crate) size_bytes: u64,
    /// What the agent may still write; what is kept for root counts when the agent is root.
    pub(crate) free_bytes: u64,
}

/// The space of the file system that holds `path`.
///
/// # Errors
/// The path doesn't exist, or the file system does not answer.
pub(crate) fn space(path: &Path) -> io::Result<Space> {
    let stat = rustix::fs::statvfs(path)?;
    let free = if rustix::process::geteuid().is_root() { stat.f_bfree } else { stat.f_bavail };
    Ok(Space {
        size_bytes: stat.f_blocks.saturating_mul(stat.f_frsize),
        free_bytes: free.saturating_mul(stat.f_frsize),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_is_part_of_the_size() {
        let space = space(Path::new("/")).unwrap();
        assert!(space.size_bytes > 0 && space.free_bytes <= space.size_bytes, "{space:?}");
    }
}
