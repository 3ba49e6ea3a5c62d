//! What a tree says of files and folders beside their names and bytes: rights and times, in the form that every tree has them in.
//!
//! A value that a reader could not restore can't be held: the owner's own right to read a file and to use a folder is always there,
//! because the owner at a client is the agent, which reads every file before each run; the bits that lend rights of somebody else
//! (setuid, setgid) never are, because that somebody is not the one whom the publisher meant (`docs/design/0013-tree-format-3.md`).

use std::time::{Duration, SystemTime};

/// The rights to a file: nine permission bits, of which the owner's right to read is always set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileMode(u16);

/// The rights to a folder: nine permission bits and the sticky one, of which the owner's are always set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FolderMode(u16);

/// When something was last changed: whole seconds since 1970, as far as file systems go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ModifiedAt(u64);

impl FileMode {
    /// What a file has that nobody gave any rights: readable by all, writable by its owner.
    pub const PLAIN: Self = Self(0o644);
    /// The same of one that may be executed.
    pub const EXECUTABLE: Self = Self(0o755);
    const OWNER: u16 = 0o400;

    /// What of a file's `st_mode` is kept.
    #[must_use]
    pub const fn from_stat(mode: u32) -> Self {
        Self(mode as u16 & 0o777 | Self::OWNER)
    }

    /// The mode with these bits, if there is one.
    #[must_use]
    pub fn from_bits(bits: u64) -> Option<Self> {
        u16::try_from(bits).ok().filter(|bits| bits & !0o777 == 0 && bits & Self::OWNER != 0).map(Self)
    }

    /// The bits, as chmod takes them.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }
}

impl Default for FileMode {
    fn default() -> Self {
        Self::PLAIN
    }
}

impl FolderMode {
    /// What a folder has that nobody gave any rights: everybody may list it, its owner may change it.
    pub const PLAIN: Self = Self(0o755);
    /// Only its owner may do anything there.
    pub const PRIVATE: Self = Self(0o700);
    const OWNER: u16 = 0o700;

    /// What of a folder's `st_mode` is kept.
    #[must_use]
    pub const fn from_stat(mode: u32) -> Self {
        Self(mode as u16 & 0o1777 | Self::OWNER)
    }

    /// The mode with these bits, if there is one.
    #[must_use]
    pub fn from_bits(bits: u64) -> Option<Self> {
        u16::try_from(bits).ok().filter(|bits| bits & !0o1777 == 0 && bits & Self::OWNER == Self::OWNER).map(Self)
    }

    /// The bits, as chmod takes them.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }
}

impl Default for FolderMode {
    fn default() -> Self {
        Self::PLAIN
    }
}

impl ModifiedAt {
    /// The beginning of 1970.
    pub const EPOCH: Self = Self(0);
    /// The latest: what ext4 can hold, in the year 2446.
    pub const MAX: Self = Self(0x3_7fff_ffff);

    /// The whole seconds of a time. What is before 1970 becomes 1970, what is after [`ModifiedAt::MAX`] becomes that.
    #[must_use]
    pub fn of(time: SystemTime) -> Self {
        let seconds = time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self(seconds.min(Self::MAX.0))
    }

    /// The time of so many seconds, if a tree can hold it.
    #[must_use]
    pub fn from_secs(seconds: u64) -> Option<Self> {
        (seconds <= Self::MAX.0).then_some(Self(seconds))
    }

    /// Seconds since 1970.
    #[must_use]
    pub const fn secs(self) -> u64 {
        self.0
    }

    /// As the system takes it.
    #[must_use]
    pub fn system_time(self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_keeps_what_its_owner_needs_and_lends_nobody_elses_rights() {
        let file = |mode| FileMode::from_stat(mode).bits();
        assert_eq!([file(0o100_600), file(0o104_755), file(0o102_010), file(0o100_444)], [0o600, 0o755, 0o410, 0o444]);
        let folder = |mode| FolderMode::from_stat(mode).bits();
        assert_eq!([folder(0o040_700), folder(0o041_777), folder(0o042_555)], [0o700, 0o1777, 0o755]);
    }

    #[test]
    fn bits_that_no_writer_writes_are_no_mode() {
        for bad in [0, 0o200, 0o4755, 0o1644, 1 << 20] {
            assert_eq!(FileMode::from_bits(bad), None, "{bad:o}");
        }
        for bad in [0, 0o655, 0o2755, 1 << 20] {
            assert_eq!(FolderMode::from_bits(bad), None, "{bad:o}");
        }
        assert_eq!(FileMode::from_bits(0o600).map(FileMode::bits), Some(0o600));
        assert_eq!(FolderMode::from_bits(0o1777).map(FolderMode::bits), Some(0o1777));
    }

    #[test]
    fn a_time_is_cut_to_seconds_and_to_what_file_systems_hold() {
        let at = |since: Duration| ModifiedAt::of(SystemTime::UNIX_EPOCH + since);
        assert_eq!(at(Duration::from_millis(1_700_000_000_999)).secs(), 1_700_000_000);
        assert_eq!(at(Duration::from_secs(1 << 40)), ModifiedAt::MAX);
        assert_eq!(ModifiedAt::of(SystemTime::UNIX_EPOCH - Duration::from_secs(5)).secs(), 0);
        assert_eq!(ModifiedAt::from_secs(ModifiedAt::MAX.secs() + 1), None);
    }
}
