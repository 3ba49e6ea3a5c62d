//! What files have on some systems that a tree doesn't carry: owners, lent rights, further names, extended attributes.

use std::fs::Metadata;
use std::path::Path;

/// User and group.
pub(crate) type Owner = (u32, u32);

/// Who owns it, where anybody does.
pub(crate) fn owner(metadata: &Metadata) -> Option<Owner> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Some((metadata.uid(), metadata.gid()))
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        None
    }
}

/// Whether anyone who runs it, or makes files in it, gets rights of its owner or group.
pub(crate) fn lends_rights(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::mode(metadata) & 0o6000 != 0;
    #[cfg(not(unix))]
    {
        let _ = metadata;
        false
    }
}

/// Which file it is, if that may have further names.
pub(crate) fn link_of(metadata: &Metadata) -> Option<(u64, u64)> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (metadata.is_file() && metadata.nlink() > 1).then(|| (metadata.dev(), metadata.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        None
    }
}

/// The names of its extended attributes; none where they can't be read.
pub(crate) fn attribute_names(path: &Path) -> Vec<Vec<u8>> {
    #[cfg(target_os = "linux")]
    {
        // Linux allows no longer list.
        let mut names = vec![0u8; 64 << 10];
        match rustix::fs::llistxattr(path, &mut names[..]) {
            Ok(0) | Err(_) => Vec::new(),
            Ok(length) => names[..length].split(|byte| *byte == 0).map(<[u8]>::to_vec).collect(),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        Vec::new()
    }
}
