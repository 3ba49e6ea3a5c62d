//! What differs between operating systems: executable bits, links, identity of files, syncing folders.
//!
//! The only place in this crate that knows which system it runs on.

use std::fs::{File, FileType, Metadata};
use std::io;
use std::path::Path;

use crate::scan::Stamp;

/// Whether the owner may execute it. Windows has no such bit.
pub(crate) fn is_executable(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0;
    #[cfg(not(unix))]
    {
        let _ = metadata;
        false
    }
}

/// Whether [`is_executable`] tells anything here.
pub(crate) const KNOWS_EXECUTABLE: bool = cfg!(unix);

/// Gives a file the rights of content: readable by all, writable by its owner, executable when asked.
pub(crate) fn set_file_rights(file: &File, executable: bool) -> io::Result<()> {
    #[cfg(unix)]
    {
        let mode = if executable { 0o755 } else { 0o644 };
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
    }
    #[cfg(not(unix))]
    {
        let _ = (file, executable);
        Ok(())
    }
}

/// Gives a folder the rights of content, whatever the process's mask is.
pub(crate) fn set_folder_rights(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755));
    #[cfg(not(unix))]
    {
        let _ = folder;
        Ok(())
    }
}

/// Lets the owner write to a file that was copied with the rights of its source.
pub(crate) fn make_writable(path: &Path) -> io::Result<()> {
    let mut rights = std::fs::metadata(path)?.permissions();
    if !rights.readonly() {
        return Ok(());
    }
    #[cfg(unix)]
    std::os::unix::fs::PermissionsExt::set_mode(&mut rights, 0o644);
    #[cfg(not(unix))]
    rights.set_readonly(false);
    std::fs::set_permissions(path, rights)
}

/// Makes a symbolic link. `directory` matters on Windows only.
pub(crate) fn make_link(target: &str, link: &Path, directory: bool) -> io::Result<()> {
    #[cfg(unix)]
    {
        let _ = directory;
        std::os::unix::fs::symlink(target, link)
    }
    #[cfg(windows)]
    {
        let target = target.replace('/', "\\");
        if directory {
            std::os::windows::fs::symlink_dir(target, link)
        } else {
            std::os::windows::fs::symlink_file(target, link)
        }
    }
}

/// Whether links that lead out of a tree are made here. On Windows a target may be another computer's share, which gets the
/// machine's credentials when anything looks at the link, or a device (`docs/design/0004-outside-links.md`).
pub(crate) const MAKES_OUTSIDE_LINKS: bool = cfg!(unix);

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

/// The text of a link's target with `/` as separator; `None` when it is not UTF-8.
pub(crate) fn link_text(target: &Path) -> Option<String> {
    let text = target.to_str()?;
    Some(if cfg!(windows) { text.replace('\\', "/") } else { text.to_owned() })
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
