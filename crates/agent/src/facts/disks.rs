//! Local file systems: `/proc/mounts` with the space of each.
//!
//! A file system is local when its kind keeps data on this machine's own disks; the same device mounted twice counts once,
//! at its first place.

use std::collections::BTreeSet;
use std::path::Path;

use dray_model::facts::Table;
use dray_model::{class, property};

use crate::platform;

/// Kinds that hold data on disks of this machine. `overlay` is a container's root.
const LOCAL: [&str; 15] = [
    "bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "jfs", "ntfs", "ntfs3", "overlay", "reiserfs",
    "vfat", "xfs", "zfs",
];

/// Free space is rounded down to this, so that small changes are no news.
const ROUND_BYTES: u64 = 64 << 20;

/// The mounted local file systems, as many as the catalogue takes.
pub(super) fn mounted() -> Table {
    let text = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let with_space = local_mounts(&text).into_iter().filter_map(|mount| {
        let space = platform::space(Path::new(&mount)).ok()?;
        let free_bytes = space.free_bytes / ROUND_BYTES * ROUND_BYTES;
        (space.size_bytes > 0).then_some((mount, space.size_bytes, free_bytes))
    });
    let mut disks = Table::new(class!("disks"));
    for (mount, size_bytes, free_bytes) in with_space.take(disks.class().info().rows_max) {
        disks.push([
            (property!("disks.mount"), Some(mount.into())),
            (property!("disks.size_bytes"), Some(size_bytes.into())),
            (property!("disks.free_bytes"), Some(free_bytes.into())),
        ]);
    }
    disks
}

/// Places of local file systems in a text like `/proc/mounts`. A bind mount of a single file is none.
fn local_mounts(text: &str) -> Vec<String> {
    let mut devices = BTreeSet::new();
    let mut mounts = Vec::new();
    for line in text.lines() {
        let mut fields = line.split(' ');
        let (Some(device), Some(mount), Some(kind)) = (fields.next(), fields.next(), fields.next()) else { continue };
        if !LOCAL.contains(&kind) {
            continue;
        }
        // Overlays share the name "overlay" without sharing anything else.
        let same = if kind == "overlay" { mount } else { device };
        if devices.insert(same) {
            mounts.push(unescape(mount));
        }
    }
    mounts
}

/// White space and backslashes stand in the file as octal escapes.
fn unescape(field: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(field.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "sysfs /sys sysfs rw 0 0
/dev/sda2 / ext4 rw,relatime 0 0
tmpfs /run tmpfs rw 0 0
/dev/sda1 /boot/efi vfat rw 0 0
/dev/sdb1 /media/My\\040Disk exfat rw 0 0
/dev/sda2 /etc/hosts ext4 rw 0 0
server:/home /home nfs4 rw 0 0
overlay /var/lib/docker/overlay2/x/merged overlay rw 0 0
cut";

    #[test]
    fn local_file_systems_count_once_and_remote_or_virtual_ones_never() {
        let expected = ["/", "/boot/efi", "/media/My Disk", "/var/lib/docker/overlay2/x/merged"];
        assert_eq!(local_mounts(SAMPLE), expected);
    }

    #[test]
    fn free_space_is_rounded_so_that_little_changes_are_no_news() {
        for disk in mounted().rows() {
            assert_eq!(disk.integer(property!("disks.free_bytes")).unwrap().unsigned_abs() % ROUND_BYTES, 0);
            assert!(disk.integer(property!("disks.size_bytes")).unwrap() > 0);
        }
    }
}
