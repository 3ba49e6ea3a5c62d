//! Paths and link targets inside a tree.
//!
//! A [`TreePath`] can't name anything outside the tree's folder on Unix: no absolute path, no `.` or `..`, no empty name, no NUL.
//! Whether every other system can hold it too is asked of the path ([`TreePath::portable`]): no drive or stream (`C:`,
//! `name:stream`), no name that Windows keeps for devices or would silently shorten. A system that can't hold a path is told so by
//! the tree it is in, before anything is written there.

mod link;
mod portable;
mod shown;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::codec::DecodeError;
use crate::native;

pub use link::{LinkTarget, OutsideTarget};
pub use shown::{Escaped, Shown};

pub(crate) use portable::{check_name, folded};

/// A relative path of `/`-separated names, each of any bytes that Linux allows in one. Ordered by its bytes; shown escaped
/// ([`Escaped`]).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(Box<[u8]>);

/// What can't be a path or link target in a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a package cannot contain \"{path}\": {problem}")]
pub struct InvalidPath {
    /// What it is, escaped, and shortened when very long.
    pub path: String,
    /// The rule that it breaks.
    pub problem: PathProblem,
}

/// The rule that a path breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// Nothing at all, or an empty name between two separators.
    #[error("a name is empty")]
    Empty,
    /// More bytes than any name or path may have.
    #[error("it is too long (the limit is 3840 bytes, 255 for each name)")]
    TooLong,
    /// More bytes than every system takes.
    #[error("it is longer than 1024 bytes, which not every system allows")]
    TooLongForSome,
    /// It begins with a separator.
    #[error("it is absolute")]
    Absolute,
    /// A name `.` or `..` where none is allowed.
    #[error("it contains . or .. where that is not allowed")]
    Dots,
    /// A NUL byte, which no system allows.
    #[error("it contains a NUL byte")]
    Nul,
    /// A control character or one of `\ : * ? " < > |`.
    #[error("it contains a character that not every system allows in names (\\ : * ? \" < > | or a control character)")]
    Character,
    /// Bytes that are not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// A name that ends with a dot or space, which Windows drops.
    #[error("a name ends with a dot or space")]
    TrailingDotOrSpace,
    /// A name of a device on Windows, such as `CON` or `com1.txt`.
    #[error("a name is reserved on Windows")]
    Reserved,
    /// A link whose target is outside the tree.
    #[error("the link leads out of the package")]
    LeavesTree,
    /// A link said to lead out of the tree that doesn't.
    #[error("the link does not lead out of the package")]
    Inside,
}

impl TreePath {
    /// Longest path in bytes: Linux's limit of 4096 less 256 for the folder that the tree is in.
    pub const BYTES_MAX: usize = 3840;
    /// Longest path in bytes that every system takes (macOS).
    pub const PORTABLE_BYTES_MAX: usize = 1024;
    /// Longest name in bytes (Linux; 255 UTF-16 units on Windows are never fewer).
    pub const NAME_BYTES_MAX: usize = 255;

    /// The path of these bytes.
    ///
    /// # Errors
    /// When it could leave its folder, or Linux can't hold it.
    pub fn new(bytes: &[u8]) -> Result<Self, InvalidPath> {
        check(bytes).map_err(|problem| InvalidPath::new(bytes, problem))?;
        Ok(Self(bytes.into()))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The names from the top down.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|byte| *byte == b'/')
    }

    /// The path of the folder that this is in; `None` at the top.
    #[must_use]
    pub fn parent(&self) -> Option<&[u8]> {
        let slash = self.0.iter().rposition(|byte| *byte == b'/')?;
        Some(&self.0[..slash])
    }

    /// The last name.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.parent().map_or(&*self.0, |parent| &self.0[parent.len() + 1..])
    }

    /// How many folders it is in.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.iter().filter(|byte| **byte == b'/').count()
    }

    /// Where this is below `root`, with the system's separators. A name that this system can't hold is written in another way, so
    /// that it can't lead out of `root`.
    #[must_use]
    pub fn below(&self, root: &Path) -> PathBuf {
        let mut path = root.to_path_buf();
        path.extend(self.names().map(native::name_on_disk));
        path
    }

    /// Whether every system can hold a file of this last name at this path, as far as the path alone tells; the names before are
    /// those of folders that are asked themselves.
    ///
    /// # Errors
    /// Why not every system can.
    pub fn portable(&self) -> Result<(), PathProblem> {
        if self.0.len() > Self::PORTABLE_BYTES_MAX {
            return Err(PathProblem::TooLongForSome);
        }
        check_name(self.name())
    }
}

impl FromStr for TreePath {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        Self::new(text.as_bytes())
    }
}

impl InvalidPath {
    pub(crate) fn new(path: &[u8], problem: PathProblem) -> Self {
        let shown = 200;
        let more = if path.len() > shown { "…" } else { "" };
        Self { path: format!("{}{more}", Escaped(&path[..path.len().min(shown)])), problem }
    }
}

impl From<InvalidPath> for DecodeError {
    fn from(invalid: InvalidPath) -> Self {
        Self::illegal("path", invalid)
    }
}

/// The rules of every path, portable or not.
fn check(bytes: &[u8]) -> Result<(), PathProblem> {
    if bytes.len() > TreePath::BYTES_MAX {
        return Err(PathProblem::TooLong);
    }
    if bytes.starts_with(b"/") {
        return Err(PathProblem::Absolute);
    }
    bytes.split(|byte| *byte == b'/').try_for_each(check_any_name)
}

fn check_any_name(name: &[u8]) -> Result<(), PathProblem> {
    if name.is_empty() {
        Err(PathProblem::Empty)
    } else if matches!(name, b"." | b"..") {
        Err(PathProblem::Dots)
    } else if name.len() > TreePath::NAME_BYTES_MAX {
        Err(PathProblem::TooLong)
    } else if name.contains(&0) {
        Err(PathProblem::Nul)
    } else {
        Ok(())
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&Escaped(&self.0).to_string())
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", Escaped(&self.0))
    }
}

impl std::borrow::Borrow<[u8]> for TreePath {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn problem(bytes: &[u8]) -> Option<PathProblem> {
        TreePath::new(bytes).err().map(|invalid| invalid.problem)
    }

    #[test]
    fn what_could_leave_the_tree_is_refused() {
        for (bad, why) in [
            ("", PathProblem::Empty),
            ("a//b", PathProblem::Empty),
            ("a/", PathProblem::Empty),
            ("/etc/passwd", PathProblem::Absolute),
            ("..", PathProblem::Dots),
            ("a/../b", PathProblem::Dots),
            ("a/./b", PathProblem::Dots),
            ("a/..", PathProblem::Dots),
            ("a\0b", PathProblem::Nul),
        ] {
            assert_eq!(problem(bad.as_bytes()), Some(why), "{bad:?}");
        }
        assert_eq!(problem(&[b'x'; 256]), Some(PathProblem::TooLong));
        assert_eq!(problem("x/".repeat(1921).trim_end_matches('/').as_bytes()), Some(PathProblem::TooLong));
    }

    #[test]
    fn what_linux_can_hold_is_a_path() {
        for good in [&b"a"[..], b"a:b", b"aux.c", b"a\\b", b"\xff\xfe", b"a\nb", b"...", b" ", "ünï/日本".as_bytes()]
        {
            assert_eq!(problem(good), None, "{}", Escaped(good));
        }
    }

    #[test]
    fn a_path_knows_its_parts() {
        let path: TreePath = "a/b\\c/d".parse().unwrap();
        assert_eq!((path.parent(), path.name(), path.depth()), (Some(&b"a/b\\c"[..]), &b"d"[..], 2));
        assert_eq!(path.to_string(), "a/b\\\\c/d");
        let top: TreePath = "a".parse().unwrap();
        assert_eq!((top.parent(), top.name(), top.depth()), (None, &b"a"[..], 0));
    }

    proptest! {
        #[test]
        fn a_path_stays_below_its_root(bytes in proptest::collection::vec(
            prop_oneof![Just(b'a'), Just(b'.'), Just(b'/'), Just(b'\\'), Just(b':'), Just(0), any::<u8>()], 0..12,
        )) {
            if let Ok(path) = TreePath::new(&bytes) {
                let below = path.below(Path::new("root"));
                prop_assert!(below.components().all(|part| matches!(part, std::path::Component::Normal(_))));
                prop_assert!(below.starts_with("root"));
                prop_assert_eq!(below.components().count(), path.names().count() + 1);
            }
        }
    }
}
