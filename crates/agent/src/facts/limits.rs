//! Limits on what the system may make us say. How many rows a list may have is in the inventory catalogue.

/// Most that is read for one inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Characters of one name, version or path.
    pub text_characters: usize,
    /// Bytes that `rpm` may print.
    pub rpm_bytes: u64,
    /// Time that `rpm` may take, in seconds.
    pub rpm_time_s: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { text_characters: 256, rpm_bytes: 8 << 20, rpm_time_s: 60 }
    }
}
