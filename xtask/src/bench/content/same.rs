//! Whether two files, or two folders, are the same: names, kinds, bytes, link targets, and of rights and times as much as is asked for.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context, bail};

/// Bytes that are compared at a time.
const STEP: usize = 1 << 16;

/// What is compared beside names, kinds, bytes and link targets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attributes {
    /// The owner's right to execute files, which every peer carries.
    Execute,
    /// All that a tree carries: the rights of files and folders, and their times in whole seconds.
    Carried,
}

/// Fails, naming the first difference, unless both have the same bytes and rights to execute.
pub(super) fn same(a: &Path, b: &Path) -> anyhow::Result<()> {
    compare(a, b, Attributes::Execute)
}

/// Fails, naming the first difference, unless the folder `b` has all that the content of the folder `a` carries. The folders' own rights
/// and times aren't part of a content.
pub(super) fn delivered(a: &Path, b: &Path) -> anyhow::Result<()> {
    compare(a, b, Attributes::Carried)
}

fn compare(a: &Path, b: &Path, attributes: Attributes) -> anyhow::Result<()> {
    let (in_a, in_b) = (metadata(a)?, metadata(b)?);
    let differ = |how: &str| format!("{} and {} differ in {how}", a.display(), b.display());
    if in_a.file_type() != in_b.file_type() {
        bail!(differ("kind"));
    }
    if in_a.is_symlink() {
        if fs::read_link(a)? != fs::read_link(b)? {
            bail!(differ("target"));
        }
    } else if in_a.is_dir() {
        let names = names(a)?;
        if names != self::names(b)? {
            bail!(differ("what is in them"));
        }
        for name in names {
            let (a, b) = (a.join(&name), b.join(&name));
            compare(&a, &b, attributes)?;
            if attributes == Attributes::Carried {
                compare_carried(&a, &b)?;
            }
        }
    } else {
        if in_a.mode() & 0o100 != in_b.mode() & 0o100 {
            bail!(differ("the right to execute"));
        }
        if in_a.len() != in_b.len() || !same_bytes(File::open(a)?, File::open(b)?)? {
            bail!(differ("bytes"));
        }
    }
    Ok(())
}

/// Rights and times of an entry. Links have neither.
fn compare_carried(a: &Path, b: &Path) -> anyhow::Result<()> {
    let (in_a, in_b) = (metadata(a)?, metadata(b)?);
    if in_a.is_symlink() {
        return Ok(());
    }
    // What a tree makes of the rights and times in a source folder: docs/design/0013-tree-format-3.md.
    let (kept, owners) = if in_a.is_dir() { (0o1777, 0o700) } else { (0o777, 0o400) };
    let (carried, arrived) = (in_a.mode() & kept | owners, in_b.mode() & 0o7777);
    if carried != arrived {
        bail!("{} has the rights {arrived:o} and not {carried:o} as {}", b.display(), a.display());
    }
    let (carried, arrived) = (in_a.mtime().max(0), in_b.mtime());
    if carried != arrived {
        bail!("{} was last changed {} s after {}", b.display(), arrived - carried, a.display());
    }
    Ok(())
}

fn metadata(path: &Path) -> anyhow::Result<Metadata> {
    fs::symlink_metadata(path).with_context(|| format!("cannot look at {}", path.display()))
}

fn names(folder: &Path) -> anyhow::Result<Vec<OsString>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names = entries.map(|entry| Ok(entry?.file_name())).collect::<anyhow::Result<Vec<_>>>()?;
    names.sort_unstable();
    Ok(names)
}

fn same_bytes(mut a: File, mut b: File) -> anyhow::Result<bool> {
    let (mut in_a, mut in_b) = (vec![0; STEP], vec![0; STEP]);
    loop {
        let read = a.read(&mut in_a)?;
        if read == 0 {
            return Ok(b.read(&mut in_b)? == 0);
        }
        if b.read_exact(&mut in_b[..read]).is_err() || in_a[..read] != in_b[..read] {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn every_kind_of_difference_is_found() {
        let root = tempfile::tempdir().unwrap();
        let (a, b) = (root.path().join("a"), root.path().join("b"));
        for folder in [&a, &b] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("file"), vec![7; STEP + 1]).unwrap();
        }
        same(&a, &b).unwrap();
        let mut bytes = vec![7; STEP + 1];
        bytes[STEP] = 8;
        fs::write(b.join("file"), &bytes).unwrap();
        assert!(same(&a, &b).unwrap_err().to_string().ends_with("differ in bytes"));
        fs::write(b.join("file"), vec![7; STEP + 1]).unwrap();
        fs::write(b.join("more"), "").unwrap();
        assert!(same(&a, &b).unwrap_err().to_string().ends_with("differ in what is in them"));
        fs::create_dir(a.join("more")).unwrap();
        assert!(same(&a, &b).unwrap_err().to_string().ends_with("differ in kind"));
    }

    #[test]
    fn rights_and_times_count_where_they_are_carried() {
        let root = tempfile::tempdir().unwrap();
        let (a, b) = (root.path().join("a"), root.path().join("b"));
        let at = |secs| SystemTime::UNIX_EPOCH + Duration::from_secs(secs);
        let chmod = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let touch = |path: &Path, time| File::open(path).unwrap().set_modified(time).unwrap();
        for folder in [&a, &b] {
            fs::create_dir_all(folder.join("inner")).unwrap();
            fs::write(folder.join("file"), "bytes").unwrap();
            chmod(&folder.join("file"), 0o644);
            touch(&folder.join("file"), at(1_000));
            touch(&folder.join("inner"), at(2_000));
        }
        // Fractions of a second, setuid and the owner's own rights are not what a tree carries.
        touch(&a.join("file"), at(1_000) + Duration::from_millis(999));
        chmod(&a.join("file"), 0o4244);
        touch(&a, at(5_000));
        chmod(&a, 0o700);
        delivered(&a, &b).unwrap();

        touch(&b.join("inner"), at(2_001));
        same(&a, &b).unwrap();
        assert!(delivered(&a, &b).unwrap_err().to_string().contains("last changed 1 s after"));
        touch(&b.join("inner"), at(2_000));
        chmod(&b.join("file"), 0o640);
        same(&a, &b).unwrap();
        assert!(delivered(&a, &b).unwrap_err().to_string().contains("the rights 640 and not 644"));
    }
}
