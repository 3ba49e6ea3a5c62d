//! Paths and link targets inside a tree.
//!
//! A [`TreePath`] or [`LinkTarget`] can't name anything outside the tree's folder, on any operating system: no absolute path, no `..`
//! that climbs out, no drive or stream (`C:`, `name:stream`), no name that Windows keeps for devices or would silently shorten.
//! Trees are portable: what one system can't hold is refused when the package is made, not when a client unpacks it.

mod link;
mod shown;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::codec::DecodeError;

pub use link::{LinkTarget, OutsideTarget};
pub use shown::Shown;

/// A relative path of `/`-separated UTF-8 names. Ordered by its bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(Box<str>);

/// A text that can't be a path or link target in a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path:?} can't be in a package: {problem}")]
pub struct InvalidPath {
    /// The text, shortened when very long.
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
    /// More than [`TreePath::BYTES_MAX`] bytes, or a name of more than [`TreePath::NAME_BYTES_MAX`].
    #[error("it is too long (1024 bytes, 255 for each name)")]
    TooLong,
    /// It begins with a separator.
    #[error("it is absolute")]
    Absolute,
    /// A name `.` or `..` where none is allowed.
    #[error("it has a part . or .. that is not allowed there")]
    Dots,
    /// A control character or one of `\ : * ? " < > |`.
    #[error("it has a character that not every system allows in names (\\ : * ? \" < > | or a control character)")]
    Character,
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
    #[error("the link doesn't lead out of the package")]
    Inside,
}

impl TreePath {
    /// Longest path in bytes: what the strictest of the common systems takes (macOS).
    pub const BYTES_MAX: usize = 1024;
    /// Longest name in bytes (Linux; 255 UTF-16 units on Windows are never fewer).
    pub const NAME_BYTES_MAX: usize = 255;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names from the top down.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The path of the folder that this is in; `None` at the top.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        self.0.rsplit_once('/').map(|(parent, _)| parent)
    }

    /// The last name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// How many folders it is in.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.bytes().filter(|&b| b == b'/').count()
    }

    /// Where this is below `root`, with the system's separators.
    #[must_use]
    pub fn below(&self, root: &Path) -> PathBuf {
        let mut path = root.to_path_buf();
        path.extend(self.names());
        path
    }

    /// The form in which two paths are equal when a system that ignores case can't hold both.
    pub(crate) fn folded(&self) -> String {
        if self.0.is_ascii() {
            self.0.to_ascii_lowercase()
        } else {
            self.0.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
        }
    }
}

impl FromStr for TreePath {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        check_path(text).map_err(|problem| InvalidPath::new(text, problem))?;
        Ok(Self(text.into()))
    }
}

impl InvalidPath {
    pub(crate) fn new(path: &str, problem: PathProblem) -> Self {
        let shown = 200;
        let path =
            if path.len() <= shown { path.to_owned() } else { path.chars().take(shown).chain(['…']).collect() };
        Self { path, problem }
    }
}

impl From<InvalidPath> for DecodeError {
    fn from(invalid: InvalidPath) -> Self {
        Self::illegal("path", invalid)
    }
}

fn check_path(text: &str) -> Result<(), PathProblem> {
    if text.len() > TreePath::BYTES_MAX {
        return Err(PathProblem::TooLong);
    }
    if text.starts_with('/') {
        return Err(PathProblem::Absolute);
    }
    text.split('/').try_for_each(check_name)
}

fn check_name(name: &str) -> Result<(), PathProblem> {
    if name.is_empty() {
        Err(PathProblem::Empty)
    } else if matches!(name, "." | "..") {
        Err(PathProblem::Dots)
    } else if name.len() > TreePath::NAME_BYTES_MAX {
        Err(PathProblem::TooLong)
    } else if name.chars().any(|c| c.is_control() || r#"\:*?"<>|"#.contains(c)) {
        Err(PathProblem::Character)
    } else if name.ends_with(['.', ' ']) {
        Err(PathProblem::TrailingDotOrSpace)
    } else if is_reserved(name) {
        Err(PathProblem::Reserved)
    } else {
        Ok(())
    }
}

/// The device names of Windows, with or without an extension (Microsoft, "Naming Files, Paths, and Namespaces").
fn is_reserved(name: &str) -> bool {
    let base = name.split('.').next().unwrap_or(name).trim_end_matches(' ').to_ascii_uppercase();
    if matches!(base.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") {
        return true;
    }
    let port = base.strip_prefix("COM").or_else(|| base.strip_prefix("LPT"));
    port.is_some_and(|digit| matches!(digit, "¹" | "²" | "³") || matches!(digit.as_bytes(), [b'0'..=b'9']))
}

macro_rules! text_forms {
    ($($type:ident),*) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    )*};
}
text_forms!(TreePath, LinkTarget, OutsideTarget);

impl std::borrow::Borrow<str> for TreePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn problem(text: &str) -> Option<PathProblem> {
        text.parse::<TreePath>().err().map(|invalid| invalid.problem)
    }

    #[test]
    fn ordinary_names_are_paths() {
        for good in ["a", "a/b.c", ".hidden", "usr/lib/libc++.so.6", "ünï/日本", "console", "com10", "a b", "x~1"] {
            assert_eq!(problem(good), None, "{good}");
        }
    }

    #[test]
    fn what_could_leave_the_tree_or_is_not_portable_is_refused() {
        for (bad, why) in [
            ("", PathProblem::Empty),
            ("a//b", PathProblem::Empty),
            ("a/", PathProblem::Empty),
            ("/etc/passwd", PathProblem::Absolute),
            ("..", PathProblem::Dots),
            ("a/../b", PathProblem::Dots),
            ("a/./b", PathProblem::Dots),
            ("C:/x", PathProblem::Character),
            ("a:stream", PathProblem::Character),
            ("a\\b", PathProblem::Character),
            ("a\0b", PathProblem::Character),
            ("a\nb", PathProblem::Character),
            ("a.", PathProblem::TrailingDotOrSpace),
            ("a /b", PathProblem::TrailingDotOrSpace),
            ("nul", PathProblem::Reserved),
            ("x/Aux.h", PathProblem::Reserved),
            ("COM1.tar.gz", PathProblem::Reserved),
            ("lpt².x", PathProblem::Reserved),
            ("con .txt", PathProblem::Reserved),
        ] {
            assert_eq!(problem(bad), Some(why), "{bad:?}");
        }
        assert_eq!(problem(&"x".repeat(256)), Some(PathProblem::TooLong));
        assert_eq!(problem(&vec!["x"; 513].join("/")), Some(PathProblem::TooLong));
    }

    proptest! {
        #[test]
        fn a_path_stays_below_its_root(text in "[a./\\\\:C ]{0,12}") {
            if let Ok(path) = text.parse::<TreePath>() {
                let below = path.below(Path::new("root"));
                prop_assert!(below.components().all(|part| matches!(part, std::path::Component::Normal(_))));
                prop_assert!(below.starts_with("root"));
            }
        }
    }
}
