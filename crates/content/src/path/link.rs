//! Targets of symbolic links: those that stay in the tree, and, kept apart from them, those that don't.
//!
//! A text is a legal target of exactly one kind for a link at a given path ([`OutsideTarget::parse_at`]), so that a link has one encoding.
//! Nothing in this crate follows either.

use super::{InvalidPath, PathProblem, TreePath, check_name};

/// The target of a symbolic link that stays in the tree: some `..` and then names, or `.` alone for the link's own folder.
///
/// `..` after a name is refused, because the name may be a link itself and `..` then leads elsewhere than the text says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkTarget(pub(super) Box<str>);

/// The target of a symbolic link of which a tree can't say that it stays inside: absolute, climbing out, or with names that not
/// every system has. Kept to the letter. Any text of 1 to 4096 bytes without control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutsideTarget(pub(super) Box<str>);

impl LinkTarget {
    /// Reads the target of a link. `.` parts and doubled separators are dropped; the rest stays as it is.
    ///
    /// # Errors
    /// When it is absolute, has `..` after a name, or a name that no [`TreePath`] may hold.
    pub fn parse(text: &str) -> Result<Self, InvalidPath> {
        Self::normalised(text).map_err(|problem| InvalidPath::new(text, problem))
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
        if text.len() > TreePath::BYTES_MAX {
            return Err(PathProblem::TooLong);
        }
        let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let climbs = parts.iter().take_while(|part| **part == "..").count();
        parts[climbs..].iter().try_for_each(|name| check_name(name))?;
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
    pub fn resolved(&self, link: &TreePath) -> Result<String, InvalidPath> {
        let mut names: Vec<&str> = link.parent().map(|parent| parent.split('/').collect()).unwrap_or_default();
        for part in self.0.split('/').filter(|part| *part != ".") {
            if part != ".." {
                names.push(part);
            } else if names.pop().is_none() {
                return Err(InvalidPath::new(&self.0, PathProblem::LeavesTree));
            }
        }
        Ok(names.join("/"))
    }
}

impl OutsideTarget {
    /// Longest target in bytes: Linux's longest path.
    pub const BYTES_MAX: usize = 4096;

    /// Reads the target of a link at `link`.
    ///
    /// # Errors
    /// When it is empty, too long, holds a control character, or is a target inside of the tree ([`LinkTarget::parse_at`]).
    pub fn parse_at(link: &TreePath, text: &str) -> Result<Self, InvalidPath> {
        let problem = if text.is_empty() {
            PathProblem::Empty
        } else if text.len() > Self::BYTES_MAX {
            PathProblem::TooLong
        } else if text.chars().any(char::is_control) {
            PathProblem::Character
        } else if LinkTarget::parse_at(link, text).is_ok() {
            PathProblem::Inside
        } else {
            return Ok(Self(text.into()));
        };
        Err(InvalidPath::new(text, problem))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
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
        assert_eq!(resolved("./x//y").unwrap(), "usr/lib/x/y");
        assert_eq!(resolved("../bin/x").unwrap(), "usr/bin/x");
        assert_eq!(resolved("../..").unwrap(), "");
        assert_eq!(resolved(".").unwrap(), "usr/lib");
        assert_eq!(resolved("../../..").unwrap_err().problem, PathProblem::LeavesTree);
        assert_eq!(resolved("/etc").unwrap_err().problem, PathProblem::Absolute);
        assert_eq!(resolved("x/../../../y").unwrap_err().problem, PathProblem::Dots);
    }

    #[test]
    fn outside_is_what_leads_out_or_nobody_can_tell_kept_to_the_letter() {
        for target in ["/etc//java/./x", "../../../x", "x/../y", "Foo::Bar.3pm", "a\\b", "nul", "C:/x", "//host/share"]
        {
            assert_eq!(OutsideTarget::parse_at(&link(), target).unwrap().as_str(), target);
        }
    }

    #[test]
    fn an_outside_target_is_refused_with_control_characters_empty_or_too_long() {
        let problem = |text: &str| OutsideTarget::parse_at(&link(), text).unwrap_err().problem;
        assert_eq!(problem(""), PathProblem::Empty);
        assert_eq!(problem("/a\nb"), PathProblem::Character);
        assert_eq!(problem("/a\0b"), PathProblem::Character);
        assert!(OutsideTarget::parse_at(&link(), &format!("/{}", "x".repeat(4095))).is_ok());
        assert_eq!(problem(&format!("/{}", "x".repeat(4096))), PathProblem::TooLong);
    }

    proptest! {
        #[test]
        fn a_target_is_never_inside_and_outside(text in "(/|\\.\\./|\\./|[a-b:\\\\\u{7f}])*") {
            let inside = LinkTarget::parse_at(&link(), &text);
            let outside = OutsideTarget::parse_at(&link(), &text);
            prop_assert!(inside.is_err() || outside.is_err());
            let neither = text.is_empty() || text.contains(char::is_control);
            prop_assert_eq!(inside.is_err() && outside.is_err(), neither);
        }
    }
}
