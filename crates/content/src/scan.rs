//! Walking a source folder: what is there, in which order, and what no package can hold.
//!
//! The walk reads names and attributes only. It follows no link inside the source, refuses by name what can't be packaged, and
//! gives the same list for the same folder on every system.

use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub use dray_model::package::OutsideLinks;

use crate::codec::within;
use crate::limits::Limits;
use crate::native;
use crate::path::{InvalidPath, LinkTarget, OutsideTarget, Shown, TreePath};
use crate::tree::InvalidTree;

/// How much is in a source folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Probe {
    /// Files, empty ones included.
    pub files: u64,
    /// Sum of their sizes.
    pub bytes: u64,
}

/// Why a source folder can't be packaged.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The source folder or something in it is no longer there.
    #[error("{} is not there (any more)", Shown(.0))]
    Vanished(PathBuf),
    /// The source is no folder.
    #[error("{} is not a folder", Shown(.0))]
    NotAFolder(PathBuf),
    /// Something can't be read.
    #[error("{} can't be read", Shown(path))]
    Unreadable {
        /// What was read.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file was written to while it was read.
    #[error("{} was changed while it was read", Shown(.0))]
    Changed(PathBuf),
    /// Neither file, folder nor link.
    #[error("{} is a {kind}, which a package can't hold", Shown(path))]
    Special {
        /// Where it is.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// A name or link target that is not UTF-8.
    #[error("{} has a name or target that is not UTF-8", Shown(.0))]
    NotUtf8(PathBuf),
    /// A name or link target that a tree can't hold.
    #[error("{} can't be packaged", Shown(path))]
    Path {
        /// Where it is.
        path: PathBuf,
        /// The rule that it breaks.
        source: InvalidPath,
    },
    /// A link that leads out of the source, or of which that can't be told, when [`OutsideLinks::Refuse`] was asked for.
    #[error("{} is a link that leads out of the package", Shown(path))]
    OutsideLink {
        /// Where it is.
        path: PathBuf,
        /// Its target and why that is no target inside.
        source: InvalidPath,
    },
    /// The entries don't make a tree, for example because names clash by case.
    #[error("the folder can't be packaged")]
    Tree(#[from] InvalidTree),
    /// More than [`Limits`] allow.
    #[error("the folder is too large for a package")]
    Limit(#[source] crate::DecodeError),
}

/// An entry of a source folder.
pub(crate) struct Found {
    pub(crate) path: TreePath,
    pub(crate) kind: FoundKind,
}

pub(crate) enum FoundKind {
    Directory,
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

    pub(crate) fn is_executable(&self) -> bool {
        native::is_executable(&self.metadata)
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
pub fn probe(source: &Path, outside_links: OutsideLinks, limits: &Limits) -> Result<Probe, SourceError> {
    Ok(summary(&walk(source, outside_links, limits)?))
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

/// Everything below `source`, sorted by path.
pub(crate) fn walk(source: &Path, outside_links: OutsideLinks, limits: &Limits) -> Result<Vec<Found>, SourceError> {
    let metadata = fs::metadata(source).map_err(|error| unreadable(source, error))?;
    if !metadata.is_dir() {
        return Err(SourceError::NotAFolder(source.to_owned()));
    }
    let mut found = Vec::new();
    let mut bytes = 0u64;
    let mut folders = vec![(source.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| unreadable(&folder, error))? {
            let entry = entry.map_err(|error| unreadable(&folder, error))?;
            let on_disk = entry.path();
            let entry = look(&entry, &on_disk, &prefix, outside_links)?;
            match &entry.kind {
                FoundKind::Directory => folders.push((on_disk, format!("{}/", entry.path))),
                FoundKind::File(seen) => bytes = bytes.saturating_add(seen.size()),
                FoundKind::Link(_) | FoundKind::OutsideLink(_) => {}
            }
            found.push(entry);
            within("entries of a tree", found.len() as u64, limits.entries_max).map_err(SourceError::Limit)?;
            within("bytes of a tree's files", bytes, limits.total_bytes_max).map_err(SourceError::Limit)?;
        }
    }
    found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn look(entry: &DirEntry, on_disk: &Path, prefix: &str, outside_links: OutsideLinks) -> Result<Found, SourceError> {
    let not_utf8 = || SourceError::NotUtf8(on_disk.to_owned());
    let refused = |source| SourceError::Path { path: on_disk.to_owned(), source };
    let name = on_disk.file_name().and_then(|name| name.to_str()).ok_or_else(not_utf8)?;
    let path: TreePath = format!("{prefix}{name}").parse().map_err(refused)?;
    let metadata = entry.metadata().map_err(|error| unreadable(on_disk, error))?;
    let kind = if metadata.is_dir() {
        FoundKind::Directory
    } else if metadata.is_file() {
        FoundKind::File(Seen { metadata })
    } else if metadata.is_symlink() {
        let target = fs::read_link(on_disk).map_err(|error| unreadable(on_disk, error))?;
        let text = native::link_text(&target).ok_or_else(not_utf8)?;
        link(on_disk, &path, &text, outside_links)?
    } else {
        let kind = native::special_kind(metadata.file_type());
        return Err(SourceError::Special { path: on_disk.to_owned(), kind });
    };
    Ok(Found { path, kind })
}

fn link(on_disk: &Path, path: &TreePath, text: &str, outside: OutsideLinks) -> Result<FoundKind, SourceError> {
    let refused = match LinkTarget::parse_at(path, text) {
        Ok(target) => return Ok(FoundKind::Link(target)),
        Err(refused) => refused,
    };
    match (OutsideTarget::parse_at(path, text), outside) {
        (Ok(target), OutsideLinks::Keep) => Ok(FoundKind::OutsideLink(target)),
        (Ok(_), OutsideLinks::Refuse) => Err(SourceError::OutsideLink { path: on_disk.to_owned(), source: refused }),
        (Err(source), _) => Err(SourceError::Path { path: on_disk.to_owned(), source }),
    }
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
        assert_eq!(
            probe(source.path(), OutsideLinks::Refuse, &Limits::default()).unwrap(),
            Probe { files: 2, bytes: 10 }
        );
    }

    #[test]
    fn the_walk_is_sorted_by_the_bytes_of_whole_paths() {
        let source = tempfile::tempdir().unwrap();
        fs::create_dir(source.path().join("a")).unwrap();
        for name in ["a/z", "a-b", "B"] {
            fs::write(source.path().join(name), name).unwrap();
        }
        let found = walk(source.path(), OutsideLinks::Refuse, &Limits::default()).unwrap();
        let paths: Vec<_> = found.iter().map(|found| found.path.as_str()).collect();
        assert_eq!(paths, ["B", "a", "a-b", "a/z"]);
    }

    #[test]
    fn a_source_that_is_no_folder_is_refused() {
        let source = tempfile::tempdir().unwrap();
        let missing = source.path().join("missing");
        assert!(
            matches!(probe(&missing, OutsideLinks::Refuse, &Limits::default()), Err(SourceError::Vanished(path)) if path == missing)
        );
        fs::write(&missing, "now a file").unwrap();
        assert!(matches!(probe(&missing, OutsideLinks::Refuse, &Limits::default()), Err(SourceError::NotAFolder(_))));
    }

    #[test]
    fn more_than_the_limits_is_refused_while_walking() {
        let source = tempfile::tempdir().unwrap();
        fs::write(source.path().join("a"), [0; 10]).unwrap();
        let limits = Limits { total_bytes_max: 9, ..Limits::default() };
        assert!(matches!(probe(source.path(), OutsideLinks::Refuse, &limits), Err(SourceError::Limit(_))));
    }

    #[cfg(unix)]
    #[test]
    fn what_a_package_cannot_hold_is_refused_by_name() {
        use std::os::unix::ffi::OsStrExt;
        let refusal = |make: &dyn Fn(&Path)| {
            let source = tempfile::tempdir().unwrap();
            make(source.path());
            probe(source.path(), OutsideLinks::Refuse, &Limits::default()).unwrap_err()
        };
        let socket = refusal(&|root| drop(std::os::unix::net::UnixListener::bind(root.join("s")).unwrap()));
        assert!(socket.to_string().ends_with("/s is a socket, which a package can't hold"), "{socket}");
        let link = refusal(&|root| std::os::unix::fs::symlink("a\nb", root.join("l")).unwrap());
        assert!(matches!(link, SourceError::Path { .. }));
        let name = refusal(&|root| fs::write(root.join(std::ffi::OsStr::from_bytes(b"\xff")), "").unwrap());
        assert!(matches!(name, SourceError::NotUtf8(_)));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_out_is_refused_by_name_or_kept_to_the_letter() {
        for target in ["/etc/passwd", "../outside", "d/../../x", "Foo::Bar"] {
            let source = tempfile::tempdir().unwrap();
            std::os::unix::fs::symlink(target, source.path().join("l")).unwrap();
            let refused = probe(source.path(), OutsideLinks::Refuse, &Limits::default()).unwrap_err();
            assert!(refused.to_string().ends_with("/l is a link that leads out of the package"), "{refused}");
            let why = std::error::Error::source(&refused).unwrap().to_string();
            assert!(why.contains(target), "{why}");
            let found = walk(source.path(), OutsideLinks::Keep, &Limits::default()).unwrap();
            assert!(matches!(&found[0].kind, FoundKind::OutsideLink(kept) if kept.as_str() == target));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_message_shows_control_characters_of_a_name_escaped() {
        let source = tempfile::tempdir().unwrap();
        fs::write(source.path().join("a\nb\x1b[31m"), "").unwrap();
        let refused = probe(source.path(), OutsideLinks::Refuse, &Limits::default()).unwrap_err();
        let why = std::error::Error::source(&refused).unwrap().to_string();
        assert!(refused.to_string().ends_with("a\\nb\\u{1b}[31m can't be packaged"), "{refused}");
        assert!(!why.contains(char::is_control), "{why}");
    }
}
