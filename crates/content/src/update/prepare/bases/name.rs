//! Finding the base of a file by its path: the same one, or one that differs in digits and hashes only.

use std::collections::HashMap;

use super::BaseNumber;
use crate::path::TreePath;
use crate::tree::Tree;
use crate::update::numbering::{Sized, numbers};

/// Hexadecimal runs from this length on are taken for hashes.
const HASH_LENGTH_MIN: usize = 6;

/// The old contents by their paths.
pub(super) struct Names<'a> {
    same: HashMap<&'a TreePath, BaseNumber>,
    /// By paths without digits and hashes, with their sizes.
    alike: HashMap<Vec<u8>, Vec<(BaseNumber, u64)>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(old: &'a Tree, bases: &[Sized]) -> Self {
        let numbers = numbers(bases);
        let mut names = Self { same: HashMap::new(), alike: HashMap::new() };
        for (path, file) in old.files().filter(|(_, file)| file.size > 0) {
            let number = numbers[&file.digest] as BaseNumber;
            names.same.insert(path, number);
            names.alike.entry(outline(path.as_bytes())).or_default().push((number, file.size));
        }
        names
    }

    /// The old content at the same path.
    pub(super) fn same(&self, path: &TreePath) -> Option<BaseNumber> {
        self.same.get(path).copied()
    }

    /// Of the old contents at paths that look alike the one whose size is nearest.
    pub(super) fn alike(&self, path: &TreePath, size: u64) -> Option<BaseNumber> {
        let alike = self.alike.get(&outline(path.as_bytes()))?;
        alike.iter().min_by_key(|(number, other)| (other.abs_diff(size), *number)).map(|(number, _)| *number)
    }
}

/// The path with each number, and each long run of hexadecimal digits, replaced by one sign.
pub(in crate::update::prepare) fn outline(path: &[u8]) -> Vec<u8> {
    let mut outline = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some(first) = rest.first() {
        let run = |is_in: fn(&u8) -> bool| rest.iter().take_while(|byte| is_in(byte)).count();
        let (digits, hexadecimals) = (run(u8::is_ascii_digit), run(u8::is_ascii_hexdigit));
        let length = if hexadecimals >= HASH_LENGTH_MIN { hexadecimals } else { digits };
        outline.push(if length > 0 { b'#' } else { *first });
        rest = &rest[length.max(1)..];
    }
    outline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_hashes_leave_the_outline_alone() {
        for (a, b) in [
            ("lib/libopenblas64_-56d6093b.so", "lib/libopenblas64_-8fb3d286.so"),
            ("numpy-2.3.4.dist-info/RECORD", "numpy-2.3.15.dist-info/RECORD"),
        ] {
            assert_eq!(outline(a.as_bytes()), outline(b.as_bytes()));
        }
        assert_eq!(outline("décade/v1.so".as_bytes()), "décade/v#.so".as_bytes());
        assert_ne!(outline(b"a/b.so"), outline(b"a/c.so"));
    }
}
