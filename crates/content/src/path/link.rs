//! Targets of symbolic links: those that stay in the tree, and, kept apart from them, those that don't.
//!
//! What a link says is a legal target of exactly one kind for a link at a given path ([`OutsideTarget::parse_at`]), so that a link has one encoding.
//! Nothing in this crate follows either.

use std::fmt;

use super::{Escaped, InvalidPath, PathProblem, TreePath, check_any_name, check_name};

/// The target of a symbolic link that stays in the tree: some `..` and then names that every system has, or `.` alone for the link's
/// own folder.
///
/// `..` after a name is refused, because the name may be a link itself and `..` then leads elsewhere than the text says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkTarget(Box<str>);

/// The target of a symbolic link of which a tree can't say that it stays inside on every system: absolute, climbing out, or with names
/// that not every system has. Kept byte for byte. Any 1 to 4096 bytes without NUL.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutsideTarget(Box<[u8]>);

impl LinkTarget {
    /// Reads the target of a link. `.` parts and doubled separators are dropped; the rest stays as it is.
    ///
    /// # Errors
    /// When it is absolute, has `..` after a name, or a name that not every system has.
    pub fn parse(text: &str) -> Result<Self, InvalidPath> {
        Self::normalised(text).map_err(|problem| InvalidPath::new(text.as_bytes(), problem))
    }

    /// Reads the target of a link at `link`.
    ///
    /// # Errors
    /// As [`LinkTarget::parse`], and when it climbs out of the tree.
    pub fn parse_at(link: &TreePath, text: &str) -> Result<Self, InvalidPath> {
        let target = Self::parse(text)?;
        target.resolved(link)?;
        Ok(target)
    }

    fn normalised(text: &str) -> Result<Self, PathProblem> {
        if text.is_empty() {
            return Err(PathProblem::Empty);
        }
        if text.starts_with('/') {
            return Err(PathProblem::Absolute);
        }
        if text.len() > TreePath::PORTABLE_BYTES_MAX {
            return Err(PathProblem::TooLongForSome);
        }
        let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let climbs = parts.iter().take_while(|part| **part == "..").count();
        parts[climbs..]
            .iter()
            .try_for_each(|name| check_any_name(name.as_bytes()).and_then(|()| check_name(name.as_bytes())))?;
        Ok(Self(if parts.is_empty() { ".".into() } else { parts.join("/").into() }))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path in the tree that a link at `link` leads to, when no further link is on the way; empty for the tree's root.
    ///
    /// # Errors
    /// When it climbs out of the tree.
    pub fn resolved(&self, link: &TreePath) -> Result<Vec<u8>, InvalidPath> {
        let mut names: Vec<&[u8]> = link.parent().map(|parent| parent.split(is_slash).collect()).unwrap_or_default();
        for part in self.0.split('/').filter(|part| *part != ".") {
            if part != ".." {
                names.push(part.as_bytes());
            } else if names.pop().is_none() {
                return Err(InvalidPath::new(self.0.as_bytes(), PathProblem::LeavesTree));
            }
        }
        Ok(names.join(&b'/'))
    }
}

impl OutsideTarget {
    /// Longest target in bytes: Linux's longest path.
    pub const BYTES_MAX: usize = 4096;

    /// Reads the target of a link at `link`.
    ///
    /// # Errors
    /// When it is empty, too long, holds a NUL byte, or is a target inside of the tree ([`LinkTarget::parse_at`]).
    pub fn parse_at(link: &TreePath, target: &[u8]) -> Result<Self, InvalidPath> {
        let is_inside = || std::str::from_utf8(target).is_ok_and(|text| LinkTarget::parse_at(link, text).is_ok());
        let problem = if target.is_empty() {
            PathProblem::Empty
        } else if target.len() > Self::BYTES_MAX {
            PathProblem::TooLong
        } else if target.contains(&0) {
            PathProblem::Nul
        } else if is_inside() {
            PathProblem::Inside
        } else {
            return Ok(Self(target.into()));
        };
        Err(InvalidPath::new(target, problem))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is text without control characters, so that every system could hold the link.
    #[must_use]
    pub fn is_text(&self) -> bool {
        std::str::from_utf8(&self.0).is_ok_and(|text| !text.contains(char::is_control))
    }

    /// Whether a link at `link` stays in the tree all the same on a system that has all the names that Linux has.
    #[must_use]
    pub fn stays_inside_on_unix(&self, link: &TreePath) -> bool {
        let parts = || self.0.split(is_slash).filter(|part| !matches!(*part, b"" | b"."));
        let climbs = parts().take_while(|part| *part == b"..").count();
        !self.0.starts_with(b"/") && climbs <= link.depth() && parts().skip(climbs).all(|part| part != b"..")
    }
}

const fn is_slash(byte: &u8) -> bool {
    *byte == b'/'
}

impl fmt::Display for LinkTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for OutsideTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&Escaped(&self.0).to_string())
    }
}

impl fmt::Debug for LinkTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Debug for OutsideTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn link() -> TreePath {
        "usr/lib/link".parse().unwrap()
    }

    #[test]
    fn a_link_may_climb_only_first_and_only_inside() {
        let resolved = |target: &str| LinkTarget::parse(target).and_then(|target| target.resolved(&link()));
        assert_eq!(resolved("./x//y").unwrap(), b"usr/lib/x/y");
        assert_eq!(resolved("../bin/x").unwrap(), b"usr/bin/x");
        assert_eq!(resolved("../..").unwrap(), b"");
        assert_eq!(resolved(".").unwrap(), b"usr/lib");
        assert_eq!(resolved("../../..").unwrap_err().problem, PathProblem::LeavesTree);
        assert_eq!(resolved("/etc").unwrap_err().problem, PathProblem::Absolute);
        assert_eq!(resolved("x/../../../y").unwrap_err().problem, PathProblem::Dots);
    }

    #[test]
    fn outside_is_what_leads_out_or_nobody_can_tell_kept_byte_for_byte() {
        for target in [
            &b"/etc//java/./x"[..],
            b"../../../x",
            b"x/../y",
            b"Foo::Bar.3pm",
            b"a\\b",
            b"nul",
            b"C:/x",
            b"//host/share",
            b"a\nb",
            b"caf\xe9",
        ] {
            assert_eq!(OutsideTarget::parse_at(&link(), target).unwrap().as_bytes(), target);
        }
    }

    #[test]
    fn an_outside_target_is_refused_with_nul_empty_or_too_long() {
        let problem = |target: &[u8]| OutsideTarget::parse_at(&link(), target).unwrap_err().problem;
        assert_eq!(problem(b""), PathProblem::Empty);
        assert_eq!(problem(b"/a\0b"), PathProblem::Nul);
        let long = [b"/".as_slice(), &[b'x'; 4095]].concat();
        assert!(OutsideTarget::parse_at(&link(), &long).is_ok());
        assert_eq!(problem(&[&long[..], b"x"].concat()), PathProblem::TooLong);
    }

    #[test]
    fn names_that_only_unix_has_lead_inside_there() {
        let inside = |target: &[u8]| OutsideTarget::parse_at(&link(), target).unwrap().stays_inside_on_unix(&link());
        assert!(inside(b"Foo::Bar.3pm") && inside(b"../../a\nb") && inside(b"./caf\xe9//x"));
        assert!(!inside(b"/etc/a:b") && !inside(b"../../../a:b") && !inside(b"a:b/../c"));
    }

    #[test]
    fn only_text_could_be_held_by_every_system() {
        let is_text = |target: &[u8]| OutsideTarget::parse_at(&link(), target).unwrap().is_text();
        assert!(is_text(b"/etc/passwd") && is_text(b"a:b"));
        assert!(!is_text(b"a\nb") && !is_text(b"/caf\xe9"));
    }

    proptest! {
        #[test]
        fn a_target_is_never_inside_and_outside(text in "(/|\\.\\./|\\./|[a-b:\\\\\u{7f}\0])*") {
            let inside = LinkTarget::parse_at(&link(), &text);
            let outside = OutsideTarget::parse_at(&link(), text.as_bytes());
            prop_assert!(inside.is_err() || outside.is_err());
            let neither = text.is_empty() || text.contains('\0');
            prop_assert_eq!(inside.is_err() && outside.is_err(), neither);
        }
    }
}
