//! What differs between operating systems: names, rights, times, links, identity of files, syncing folders.
//!
//! With `native/`, the only place in this crate that knows which system it runs on.

mod beyond;

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::{File, FileType, Metadata};
use std::io;
use std::path::Path;

use crate::attributes::{FileMode, FolderMode};
use crate::scan::Stamp;
use crate::tree::{FileNode, FolderNode};

pub(crate) use beyond::{Owner, attribute_names, lends_rights, link_of, owner};

/// The rights to a file that a tree holds. Windows has none of this kind.
pub(crate) fn file_mode(metadata: &Metadata) -> FileMode {
    #[cfg(unix)]
    return FileMode::from_stat(std::os::unix::fs::MetadataExt::mode(metadata));
    #[cfg(not(unix))]
    {
        let _ = metadata;
        FileMode::PLAIN
    }
}

/// The rights to a folder that a tree holds.
pub(crate) fn folder_mode(metadata: &Metadata) -> FolderMode {
    #[cfg(unix)]
    return FolderMode::from_stat(std::os::unix::fs::MetadataExt::mode(metadata));
    #[cfg(not(unix))]
    {
        let _ = metadata;
        FolderMode::PLAIN
    }
}

/// Whether something has exactly the rights `mode`, as chmod takes them. Always true where there are none.
pub(crate) fn has_mode(metadata: &Metadata, mode: u32) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::mode(metadata) & 0o7777 == mode;
    #[cfg(not(unix))]
    {
        let _ = (metadata, mode);
        true
    }
}

/// Gives an open file the rights and the time of content, whatever the process's mask is.
pub(crate) fn set_file_attributes(file: &File, node: &FileNode) -> io::Result<()> {
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(node.mode.bits()))?;
    file.set_modified(node.modified.system_time())
}

/// Gives a folder the rights and the time of content. Windows has no such rights, and sets times of folders otherwise.
pub(crate) fn set_folder_attributes(folder: &Path, node: &FolderNode) -> io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::fs::{Mode, OFlags, open};
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = File::from(open(folder, flags, Mode::empty())?);
        folder.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(node.mode.bits()))?;
        folder.set_modified(node.modified.system_time())
    }
    #[cfg(not(unix))]
    {
        let _ = (folder, node);
        Ok(())
    }
}

/// Gives a folder rights alone.
pub(crate) fn set_folder_mode(folder: &Path, mode: FolderMode) -> io::Result<()> {
    #[cfg(unix)]
    return std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(mode.bits()));
    #[cfg(not(unix))]
    {
        let _ = (folder, mode);
        Ok(())
    }
}

/// Whether the time of a folder can be relied on here.
pub(crate) const KEEPS_FOLDER_TIMES: bool = cfg!(unix);

/// Opens a file to give it attributes or make it durable, with the least rights to it that this needs here. Follows no link.
pub(crate) fn open_for_attributes(path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::{Mode, OFlags, open};
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(File::from(open(path, flags, Mode::empty())?))
    }
    #[cfg(not(unix))]
    std::fs::OpenOptions::new().write(true).open(path)
}

/// Keeps everybody but its owner out of a folder.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    set_folder_mode(folder, FolderMode::PRIVATE)
}

/// Lets the owner write to a file that was copied with the rights of its source.
pub(crate) fn make_writable(path: &Path) -> io::Result<()> {
    let mut rights = std::fs::metadata(path)?.permissions();
    if !rights.readonly() {
        return Ok(());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let owned = rights.mode() | 0o600;
        rights.set_mode(owned);
    }
    #[cfg(not(unix))]
    rights.set_readonly(false);
    std::fs::set_permissions(path, rights)
}

/// Makes a symbolic link. `directory` matters on Windows only.
pub(crate) fn make_link(target: &[u8], link: &Path, directory: bool) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let _ = directory;
        std::os::unix::fs::symlink(OsStr::from_bytes(target), link)
    }
    #[cfg(windows)]
    {
        let target = String::from_utf8_lossy(target).replace('/', "\\");
        if directory {
            std::os::windows::fs::symlink_dir(target, link)
        } else {
            std::os::windows::fs::symlink_file(target, link)
        }
    }
}

/// The bytes that a name has in a tree; `None` when it has none, being no Unicode on a system whose names are not bytes.
pub(crate) fn bytes_of_name(name: &OsStr) -> Option<Cow<'_, [u8]>> {
    #[cfg(unix)]
    return Some(Cow::Borrowed(std::os::unix::ffi::OsStrExt::as_bytes(name)));
    #[cfg(not(unix))]
    name.to_str().map(|text| Cow::Borrowed(text.as_bytes()))
}

/// What a link's target is in a tree, with `/` as separator.
pub(crate) fn bytes_of_target(target: &Path) -> Option<Cow<'_, [u8]>> {
    #[cfg(unix)]
    return bytes_of_name(target.as_os_str());
    #[cfg(not(unix))]
    target.to_str().map(|text| Cow::Owned(text.replace('\\', "/").into_bytes()))
}

/// A name of a tree as it is on disk. One that this system can't hold becomes one that it can, which nothing has: trees with such
/// names are not made here.
pub(crate) fn name_on_disk(name: &[u8]) -> Cow<'_, OsStr> {
    #[cfg(unix)]
    return Cow::Borrowed(std::os::unix::ffi::OsStrExt::from_bytes(name));
    #[cfg(not(unix))]
    match std::str::from_utf8(name) {
        Ok(text) if crate::path::check_name(name).is_ok() => Cow::Borrowed(OsStr::new(text)),
        _ => Cow::Owned(name.iter().map(|byte| format!("%{byte:02x}")).collect::<String>().into()),
    }
}

/// Whether links that lead out of a tree are made here. On Windows a target may be another computer's share, which gets the
/// machine's credentials when anything looks at the link, or a device (`docs/design/0004-outside-links.md`).
pub(crate) const MAKES_OUTSIDE_LINKS: bool = cfg!(unix);

/// Whether names may be any bytes here, and differ in case alone. Those of macOS are Unicode without case.
pub(crate) const HOLDS_UNIX_NAMES: bool = cfg!(all(unix, not(target_vendor = "apple")));

/// Removes a file or link, never what a link leads to.
pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    #[cfg(windows)]
    {
        use std::os::windows::fs::FileTypeExt;
        if std::fs::symlink_metadata(path)?.file_type().is_symlink_dir() {
            return std::fs::remove_dir(path);
        }
    }
    std::fs::remove_file(path)
}

/// Whether both describe the same file on disk, as far as the system tells.
pub(crate) fn same_file(a: &Metadata, b: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (a.dev(), a.ino()) == (b.dev(), b.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = (a, b);
        true
    }
}

/// What shows that a file was changed; `None` where the system doesn't tell when its attributes were.
pub(crate) fn stamp(metadata: &Metadata) -> Option<Stamp> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let ns = |seconds: i64, ns: i64| seconds.checked_mul(1_000_000_000)?.checked_add(ns);
        Some(Stamp {
            size: metadata.len(),
            modified_ns: ns(metadata.mtime(), metadata.mtime_nsec())?,
            changed_ns: ns(metadata.ctime(), metadata.ctime_nsec())?,
            inode: metadata.ino(),
            device: metadata.dev(),
        })
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        None
    }
}

/// Whether the file system at `path` is known to stamp every change by the clock of this machine. What another machine or a program
/// serves is not, nor is an image that was made elsewhere.
pub(crate) fn stamps_changes(path: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        // bcachefs, btrfs, ext2 to ext4, F2FS, overlayfs, ramfs, tmpfs, XFS, ZFS: their magic numbers in statfs(2).
        const KNOWN: [u64; 9] = [
            0xca45_1a4e,
            0x9123_683e,
            0xef53,
            0xf2f5_2010,
            0x794c_7630,
            0x8584_58f6,
            0x0102_1994,
            0x5846_5342,
            0x2fc1_2fc1,
        ];
        // Of type i64 or i32, by architecture; the magic numbers have 32 bits.
        rustix::fs::statfs(path).is_ok_and(|found| KNOWN.contains(&u64::from(found.f_type as u32)))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        false
    }
}

/// What a file that is neither file, folder nor link is.
pub(crate) fn special_kind(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_socket() {
            return "socket";
        } else if kind.is_fifo() {
            return "pipe";
        } else if kind.is_block_device() || kind.is_char_device() {
            return "device";
        }
    }
    let _ = kind;
    "special file"
}

/// Makes the names in a folder durable. Windows does that by itself.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Makes everything durable that was written to the file system of a folder. `false` where that can't be asked for.
pub(crate) fn sync_file_system(folder: &Path) -> io::Result<bool> {
    #[cfg(target_os = "linux")]
    return Ok(rustix::fs::syncfs(File::open(folder)?).map(|()| true)?);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        Ok(false)
    }
}

/// Fills `out` with the bytes of a file from `offset` on.
pub(crate) fn read_exact_at(file: &File, offset: u64, out: &mut [u8]) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_exact_at(file, out, offset);
    #[cfg(windows)]
    {
        let mut done = 0;
        while done < out.len() {
            match std::os::windows::fs::FileExt::seek_read(file, &mut out[done..], offset + done as u64) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
