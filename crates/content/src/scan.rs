//! Walking a source folder: what is there, in which order, and what no package can hold.
//!
//! The walk reads names and attributes only. It follows no link inside the source, refuses by name what can't be packaged, and
//! gives the same list for the same folder on every system.

mod error;
mod not_carried;
mod refused;

use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use dray_model::Digest;
pub use dray_model::package::{Names, NotCarried, OutsideLinks};

use crate::attributes::ModifiedAt;
use crate::codec::within;
use crate::limits::Limits;
use crate::native;
use crate::path::{LinkTarget, OutsideTarget, TreePath};
use crate::tree::{FileNode, FolderNode};

use not_carried::Counts;

pub use error::SourceError;
pub use refused::Refused;

/// What a source may hold beyond what every computer can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// Which names it may have.
    pub names: Names,
    /// Whether links may lead out of it.
    pub outside_links: OutsideLinks,
}

impl Rules {
    /// Everything that a tree can hold.
    pub const ANYTHING: Self = Self { names: Names::Unix, outside_links: OutsideLinks::Keep };
}

/// How much is in a source folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Probe {
    /// Files, empty ones included.
    pub files: u64,
    /// Sum of their sizes.
    pub bytes: u64,
}

/// A source folder that was walked.
pub(crate) struct Walk {
    /// Everything below it, sorted by path.
    pub(crate) found: Vec<Found>,
    /// What it has that a tree doesn't carry.
    pub(crate) not_carried: Vec<NotCarried>,
}

/// An entry of a source folder.
pub(crate) struct Found {
    pub(crate) path: TreePath,
    pub(crate) kind: FoundKind,
}

pub(crate) enum FoundKind {
    Directory(FolderNode),
    Link(LinkTarget),
    OutsideLink(OutsideTarget),
    File(Seen),
}

/// What a file looked like when it was found.
#[derive(Clone)]
pub(crate) struct Seen {
    metadata: Metadata,
}

/// What the system changes of a file whenever somebody changes the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    /// When it was last written, as anybody may set it. Nanoseconds since 1970.
    pub(crate) modified_ns: i64,
    /// When its bytes or attributes were last changed, which only the system sets. Nanoseconds since 1970.
    pub(crate) changed_ns: i64,
    pub(crate) inode: u64,
    pub(crate) device: u64,
}

impl Seen {
    /// Its stamp; `None` where the system has none.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        native::stamp(&self.metadata)
    }

    pub(crate) fn size(&self) -> u64 {
        self.metadata.len()
    }

    /// What a tree says of it when its bytes have this digest.
    pub(crate) fn node(&self, digest: Digest) -> FileNode {
        let (mode, modified) = (native::file_mode(&self.metadata), modified(&self.metadata));
        FileNode { size: self.size(), digest, mode, modified }
    }

    /// Whether `now` is the same file with the same size and time of modification.
    pub(crate) fn is_same(&self, now: &Metadata) -> bool {
        let modified = |metadata: &Metadata| metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        now.is_file()
            && native::same_file(&self.metadata, now)
            && self.metadata.len() == now.len()
            && modified(&self.metadata) == modified(now)
    }
}

/// Counts the files and bytes of a source folder, and finds what can't be packaged before any work begins.
///
/// # Errors
/// When the folder or something in it can't be read or packaged.
pub fn probe(source: &Path, rules: Rules, limits: &Limits) -> Result<Probe, SourceError> {
    Ok(summary(&walk(source, rules, limits)?.found))
}

pub(crate) fn summary(found: &[Found]) -> Probe {
    let mut probe = Probe::default();
    for found in found {
        if let FoundKind::File(seen) = &found.kind {
            probe.files += 1;
            probe.bytes += seen.size();
        }
    }
    probe
}

/// Everything below `source`.
pub(crate) fn walk(source: &Path, rules: Rules, limits: &Limits) -> Result<Walk, SourceError> {
    let metadata = fs::metadata(source).map_err(|error| unreadable(source, error))?;
    if !metadata.is_dir() {
        return Err(SourceError::NotAFolder(source.to_owned()));
    }
    let mut not_carried = Counts::new(&metadata);
    let mut found = Vec::new();
    let mut bytes = 0u64;
    let mut folders = vec![(source.to_owned(), Vec::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| unreadable(&folder, error))? {
            let entry = entry.map_err(|error| unreadable(&folder, error))?;
            let on_disk = entry.path();
            let entry = look(&entry, &on_disk, &prefix, &mut not_carried)?;
            match &entry.kind {
                FoundKind::Directory(_) => folders.push((on_disk, [entry.path.as_bytes(), b"/"].concat())),
                FoundKind::File(seen) => bytes = bytes.saturating_add(seen.size()),
                FoundKind::Link(_) | FoundKind::OutsideLink(_) => {}
            }
            found.push(entry);
            within("entries in a tree", found.len() as u64, limits.entries_max).map_err(SourceError::Limit)?;
            within("bytes in a tree's files", bytes, limits.total_bytes_max).map_err(SourceError::Limit)?;
        }
    }
    found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    refused::check(&found, rules).map_err(SourceError::Refused)?;
    Ok(Walk { found, not_carried: not_carried.finish() })
}

fn look(entry: &DirEntry, on_disk: &Path, prefix: &[u8], not_carried: &mut Counts) -> Result<Found, SourceError> {
    let not_utf8 = || SourceError::NotUtf8(on_disk.to_owned());
    let refused = |source| SourceError::Path { path: on_disk.to_owned(), source };
    let name = entry.file_name();
    let name = native::bytes_of_name(&name).ok_or_else(not_utf8)?;
    let path = TreePath::new(&[prefix, &name].concat()).map_err(refused)?;
    let metadata = entry.metadata().map_err(|error| unreadable(on_disk, error))?;
    not_carried.look(on_disk, &path, &metadata);
    let kind = if metadata.is_dir() {
        FoundKind::Directory(FolderNode { mode: native::folder_mode(&metadata), modified: modified(&metadata) })
    } else if metadata.is_file() {
        FoundKind::File(Seen { metadata })
    } else if metadata.is_symlink() {
        let target = fs::read_link(on_disk).map_err(|error| unreadable(on_disk, error))?;
        let target = native::bytes_of_target(&target).ok_or_else(not_utf8)?;
        let inside = std::str::from_utf8(&target).ok().and_then(|text| LinkTarget::parse_at(&path, text).ok());
        match inside {
            Some(inside) => FoundKind::Link(inside),
            None => FoundKind::OutsideLink(OutsideTarget::parse_at(&path, &target).map_err(refused)?),
        }
    } else {
        let kind = native::special_kind(metadata.file_type());
        return Err(SourceError::Special { path: on_disk.to_owned(), kind });
    };
    Ok(Found { path, kind })
}

fn modified(metadata: &Metadata) -> ModifiedAt {
    ModifiedAt::of(metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH))
}

pub(crate) fn unreadable(path: &Path, source: io::Error) -> SourceError {
    match source.kind() {
        io::ErrorKind::NotFound => SourceError::Vanished(path.to_owned()),
        _ => SourceError::Unreadable { path: path.to_owned(), source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_counts_files_and_bytes() {
        let source = tempfile::tempdir().unwrap();
        fs::create_dir_all(source.path().join("a/b")).unwrap();
        fs::write(source.path().join("a/b/f"), [0; 10]).unwrap();
        fs::write(source.path().join("empty"), []).unwrap();
        assert_eq!(probe(source.path(), Rules::default(), &Limits::default()).unwrap(), Probe { files: 2, bytes: 10 });
    }

    #[test]
    fn the_walk_is_sorted_by_the_bytes_of_whole_paths() {
        let source = tempfile::tempdir().unwrap();
        fs::create_dir(source.path().join("a")).unwrap();
        for name in ["a/z", "a-b", "B"] {
            fs::write(source.path().join(name), name).unwrap();
        }
        let found = walk(source.path(), Rules::default(), &Limits::default()).unwrap().found;
        let paths: Vec<_> = found.iter().map(|found| found.path.to_string()).collect();
        assert_eq!(paths, ["B", "a", "a-b", "a/z"]);
    }

    #[test]
    fn a_source_that_is_no_folder_is_refused() {
        let source = tempfile::tempdir().unwrap();
        let missing = source.path().join("missing");
        assert!(
            matches!(probe(&missing, Rules::default(), &Limits::default()), Err(SourceError::Vanished(path)) if path == missing)
        );
        fs::write(&missing, "now a file").unwrap();
        assert!(matches!(probe(&missing, Rules::default(), &Limits::default()), Err(SourceError::NotAFolder(_))));
    }

    #[test]
    fn more_than_the_limits_is_refused_while_walking() {
        let source = tempfile::tempdir().unwrap();
        fs::write(source.path().join("a"), [0; 10]).unwrap();
        let limits = Limits { total_bytes_max: 9, ..Limits::default() };
        assert!(matches!(probe(source.path(), Rules::default(), &limits), Err(SourceError::Limit(_))));
    }

    #[cfg(unix)]
    #[test]
    fn what_no_package_can_hold_is_refused_by_name() {
        let source = tempfile::tempdir().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(source.path().join("s")).unwrap();
        let refused = probe(source.path(), Rules::ANYTHING, &Limits::default()).unwrap_err();
        assert!(refused.to_string().ends_with("/s is a socket, which a package cannot contain"), "{refused}");
    }

    #[cfg(unix)]
    #[test]
    fn rights_and_times_are_seen() {
        use std::os::unix::fs::PermissionsExt;
        let source = tempfile::tempdir().unwrap();
        let (file, folder) = (source.path().join("secret"), source.path().join("room"));
        fs::write(&file, "x").unwrap();
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o4600)).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o1750)).unwrap();
        let at = SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(1_400_000_000_700);
        fs::File::open(&file).unwrap().set_modified(at).unwrap();
        let found = walk(source.path(), Rules::default(), &Limits::default()).unwrap().found;
        let FoundKind::Directory(room) = &found[0].kind else { panic!("a folder") };
        assert_eq!(room.mode.bits(), 0o1750);
        let FoundKind::File(seen) = &found[1].kind else { panic!("a file") };
        let node = seen.node(Digest::of(b"x"));
        assert_eq!((node.mode.bits(), node.modified.secs()), (0o600, 1_400_000_000));
    }
}
