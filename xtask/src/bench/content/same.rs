//! Whether two files, or two folders, are the same bit for bit: names, kinds, bytes, link targets, the owner's right to execute.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};

/// Bytes that are compared at a time.
const STEP: usize = 1 << 16;

/// Fails, naming the first difference, unless both are the same.
pub(super) fn same(a: &Path, b: &Path) -> anyhow::Result<()> {
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
        names.iter().try_for_each(|name| same(&a.join(name), &b.join(name)))?;
    } else {
        if is_executable(&in_a) != is_executable(&in_b) {
            bail!(differ("the right to execute"));
        }
        if in_a.len() != in_b.len() || !same_bytes(File::open(a)?, File::open(b)?)? {
            bail!(differ("bytes"));
        }
    }
    Ok(())
}

fn metadata(path: &Path) -> anyhow::Result<Metadata> {
    fs::symlink_metadata(path).with_context(|| format!("can't look at {}", path.display()))
}

fn names(folder: &Path) -> anyhow::Result<Vec<OsString>> {
    let entries = fs::read_dir(folder).with_context(|| format!("can't list {}", folder.display()))?;
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

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
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
}
