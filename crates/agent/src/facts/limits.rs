//! Limits on what the system may make us say.

/// Most rows and characters of one inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Rows of software; a full desktop has some 5000.
    pub software: usize,
    /// File systems; containers' bind mounts are left out before this counts.
    pub disks: usize,
    /// Network addresses.
    pub addresses: usize,
    /// Characters of one name, version or path.
    pub text_characters: usize,
    /// Bytes that `rpm` may print.
    pub rpm_bytes: u64,
    /// Time that `rpm` may take, in seconds.
    pub rpm_time_s: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { software: 20_000, disks: 100, addresses: 200, text_characters: 256, rpm_bytes: 8 << 20, rpm_time_s: 60 }
    }
}
