//! The limits that contents are held against, all in one place.
//!
//! A pair of the table has limits of its own; what holds for every pair holds for those in a folder that nobody has seen, too.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::Level;

/// Bytes on the wire for unpacked trees at the publish level, in kB. Derived from what the best tools for differences reach on
/// these pairs when they may take minutes of processor time.
const TREE_KB: [(&str, f64); 5] = [
    ("typescript", 5.0),
    ("numpy", 1_100.0),
    ("libreoffice", 3_400.0),
    ("openjdk17", 5_000.0),
    ("pyside6win", 8_000.0),
];

/// What an archive whose members are deflated may take, as a multiple of what its unpacked tree takes.
const ZIP_AGAINST_TREE: f64 = 1.15;
/// What any other archive may take, as a multiple of its own size.
const ARCHIVE_AGAINST_WHOLE: f64 = 1.001;
/// Peak memory of applying an update, in MB.
pub(super) const APPLY_RESIDENT_MB: f64 = 64.0;
/// Peak memory of a site server that ingests, whatever the package's size, in MB.
pub(super) const INGEST_RESIDENT_MB: f64 = 200.0;
/// What one pass of cutting, hashing and compressing costs, as a part of what an ingest of the same bytes costs.
pub(super) const INGEST_AGAINST_FLOOR: f64 = 0.8;
/// Never more than by the cheaper of the simple ways.
pub(super) const AGAINST_SIMPLE: f64 = 1.0;

/// Processor time of a point's service, as a multiple of nginx's for the same answers.
pub(super) const SERVING_AGAINST_NGINX: f64 = 1.2;
/// What curl and b3sum cost for the finished files, as a part of what a first download of them costs.
pub(super) const PLAIN_AGAINST_DOWNLOAD: f64 = 0.9;

/// The limits on processor time are for so many bytes.
const CPU_BYTES: f64 = 200e6;
/// Processor seconds to prepare an update in which so many bytes changed.
const PREPARE_CPU_S: f64 = 5.0;
/// Processor seconds to apply an update to a tree of so many bytes.
const APPLY_CPU_S: f64 = 2.0;
/// No limit on processor time is below this: programs have to start.
const START_CPU_S: f64 = 0.25;

/// Kilobytes on the wire for a tree, where a limit is known.
pub(super) fn tree_kb(pair: &str, level: Level) -> Option<f64> {
    let named = TREE_KB.iter().find(|(name, _)| *name == pair);
    named.filter(|_| level == Level::Publish).map(|(_, limit)| *limit)
}

/// Kilobytes on the wire for an archive, given its size and what its unpacked tree took in the same run.
pub(super) fn archive_kb(archive: &Path, archive_kb: f64, tree_kb: Option<f64>) -> anyhow::Result<f64> {
    let whole = ARCHIVE_AGAINST_WHOLE * archive_kb;
    match tree_kb {
        Some(tree) if is_zip(archive)? => Ok(whole.min(ZIP_AGAINST_TREE * tree)),
        _ => Ok(whole),
    }
}

/// Processor seconds to prepare an update in which `changed_bytes` changed.
pub(super) fn prepare_cpu_s(changed_bytes: f64) -> f64 {
    (PREPARE_CPU_S * changed_bytes / CPU_BYTES).max(START_CPU_S)
}

/// Processor seconds to apply an update to a tree of `size_bytes`.
pub(super) fn apply_cpu_s(size_bytes: f64) -> f64 {
    (APPLY_CPU_S * size_bytes / CPU_BYTES).max(START_CPU_S)
}

/// Whether a file begins as a zip archive does (APPNOTE 4.3.7, local file header).
fn is_zip(file: &Path) -> anyhow::Result<bool> {
    let mut magic = Vec::new();
    File::open(file)?.take(4).read_to_end(&mut magic)?;
    Ok(magic == b"PK\x03\x04")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_held_against_its_tree_only_when_it_can_be_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (zip, other) = (folder.path().join("zip"), folder.path().join("other"));
        std::fs::write(&zip, b"PK\x03\x04rest").unwrap();
        std::fs::write(&other, b"!<arch>").unwrap();
        let limit = |file: &Path, tree| archive_kb(file, 1000.0, tree).unwrap();
        let limits =
            [limit(&zip, Some(100.0)), limit(&other, Some(100.0)), limit(&zip, None), limit(&zip, Some(990.0))];
        assert_eq!(limits.map(f64::round), [115.0, 1001.0, 1001.0, 1001.0]);
    }

    #[test]
    fn limits_of_the_publish_level_are_not_those_of_the_background() {
        assert_eq!(tree_kb("numpy", Level::Publish), Some(1100.0));
        assert_eq!(tree_kb("numpy", Level::Background), None);
        assert_eq!(tree_kb("something else", Level::Publish), None);
    }
}
