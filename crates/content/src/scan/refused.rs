//! What of a source folder not every computer can hold, and its rules don't allow: all of it at once, with the options that would.

use std::fmt;

use super::{Found, FoundKind, Names, OutsideLinks, Rules};
use crate::path::{OutsideTarget, PathProblem, TreePath};
use crate::tree::check::FoldedNames;

/// How many names and links are listed.
const LISTED_MAX: usize = 20;

/// Names and links that a source may not have. At least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The first of them, in order of their paths.
    listed: Vec<Offender>,
    names: usize,
    links: usize,
}

/// A name or a link that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Offender {
    path: TreePath,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    /// Not every system can hold the name.
    Name(PathProblem),
    /// A system that ignores case can't hold both names.
    Case(TreePath),
    /// A link's target has names that not every system can hold.
    Target(OutsideTarget),
    /// A link leads out of the source.
    LeadsOut(OutsideTarget),
}

impl Refused {
    /// The options of the command line that would allow all of it.
    #[must_use]
    pub const fn options(&self) -> &'static str {
        match (self.names, self.links) {
            (_, 0) => "--names unix",
            (0, _) => "--outside-links keep",
            _ => "--names unix --outside-links keep",
        }
    }

    /// What those options do, to read after "to".
    #[must_use]
    pub const fn what_options_do(&self) -> &'static str {
        match (self.names, self.links) {
            (_, 0) => "deliver all names byte for byte, but only to Linux and similar systems",
            (0, _) => "keep such links as they are",
            _ => "deliver all names and links byte for byte, but only to Linux and similar systems",
        }
    }

    fn add(&mut self, path: &TreePath, why: Why) {
        match why {
            Why::LeadsOut(_) => self.links += 1,
            Why::Name(_) | Why::Case(_) | Why::Target(_) => self.names += 1,
        }
        if self.listed.len() < LISTED_MAX {
            self.listed.push(Offender { path: path.clone(), why });
        }
    }
}

/// Refuses what the rules don't allow. The entries are sorted by path.
pub(super) fn check(found: &[Found], rules: Rules) -> Result<(), Refused> {
    let mut refused = Refused { listed: Vec::new(), names: 0, links: 0 };
    let mut names = FoldedNames::default();
    let are_names_checked = rules.names == Names::Portable;
    for Found { path, kind } in found {
        if let Err(problem) = path.portable()
            && are_names_checked
        {
            refused.add(path, Why::Name(problem));
        }
        if let Some(other) = names.clash(path)
            && are_names_checked
        {
            refused.add(path, Why::Case(other.clone()));
        }
        if let FoundKind::OutsideLink(target) = kind
            && let Some(why) = check_target(path, target, rules)
        {
            refused.add(path, why);
        }
    }
    if refused.listed.is_empty() { Ok(()) } else { Err(refused) }
}

fn check_target(path: &TreePath, target: &OutsideTarget, rules: Rules) -> Option<Why> {
    let (any_names, may_lead_out) = (rules.names == Names::Unix, rules.outside_links == OutsideLinks::Keep);
    if !target.stays_inside_on_unix(path) && !may_lead_out {
        Some(Why::LeadsOut(target.clone()))
    } else if !any_names && (!may_lead_out || !target.is_text()) {
        Some(Why::Target(target.clone()))
    } else {
        None
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = match self.names {
            0 => None,
            1 => Some("1 name is not allowed on every system".to_owned()),
            more => Some(format!("{more} names are not allowed on every system")),
        };
        let links = match self.links {
            0 => None,
            1 => Some("1 link leads out of the package".to_owned()),
            more => Some(format!("{more} links lead out of the package")),
        };
        f.write_str(&names.into_iter().chain(links).collect::<Vec<_>>().join(", and "))?;
        for (number, offender) in self.listed.iter().enumerate() {
            f.write_str(if number == 0 { ": " } else { "; " })?;
            offender.fmt(f)?;
        }
        match self.names + self.links - self.listed.len() {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl fmt::Display for Offender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.why {
            Why::Name(problem) => write!(f, "{path} ({problem})"),
            Why::Case(other) => write!(f, "{other} and {path} (they differ only in case)"),
            Why::Target(target) => {
                write!(f, "{path} (its target {target} contains names that not every system allows)")
            }
            Why::LeadsOut(target) => write!(f, "{path} (to {target})"),
        }
    }
}

impl std::error::Error for Refused {}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::*;
    use crate::limits::Limits;
    use crate::scan::{SourceError, probe};

    const LINKS: Rules = Rules { outside_links: OutsideLinks::Keep, names: Names::Portable };
    const NAMES: Rules = Rules { outside_links: OutsideLinks::Refuse, names: Names::Unix };

    fn refusal(source: &Path, rules: Rules) -> Refused {
        match probe(source, rules, &Limits::default()) {
            Err(SourceError::Refused(refused)) => refused,
            other => panic!("{other:?}"),
        }
    }

    fn is_taken(source: &Path, rules: Rules) -> bool {
        probe(source, rules, &Limits::default()).is_ok()
    }

    #[test]
    fn every_offender_is_named_at_once_with_the_option_that_helps() {
        let source = tempfile::tempdir().unwrap();
        for name in [&b"xt_DSCP.ko"[..], b"xt_dscp.ko", b"aux.c", b"a:b", b"caf\xe9", b"plain"] {
            fs::write(source.path().join(OsStr::from_bytes(name)), "x").unwrap();
        }
        let refused = refusal(source.path(), Rules::default());
        let text = refused.to_string();
        assert!(text.starts_with("4 names are not allowed on every system: a:b (it contains a character"), "{text}");
        assert!(text.contains("aux.c (a name is reserved on Windows)"), "{text}");
        assert!(text.contains("caf\\xe9 (it is not UTF-8)"), "{text}");
        assert!(text.contains("xt_DSCP.ko and xt_dscp.ko (they differ only in case)"), "{text}");
        assert_eq!(refused.options(), "--names unix");
        assert!(is_taken(source.path(), NAMES));
    }

    #[test]
    fn what_is_in_folders_that_clash_is_not_named_again() {
        let source = tempfile::tempdir().unwrap();
        for folder in ["A", "a"] {
            fs::create_dir(source.path().join(folder)).unwrap();
            fs::write(source.path().join(folder).join("f"), "x").unwrap();
        }
        let text = refusal(source.path(), Rules::default()).to_string();
        assert_eq!(text, "1 name is not allowed on every system: A and a (they differ only in case)");
    }

    #[test]
    fn a_long_list_ends_with_a_number() {
        let source = tempfile::tempdir().unwrap();
        (0..LISTED_MAX + 3).for_each(|number| fs::write(source.path().join(format!("{number}:")), "").unwrap());
        let text = refusal(source.path(), Rules::default()).to_string();
        assert!(text.starts_with("23 names") && text.ends_with("; and 3 more"), "{text}");
    }

    #[test]
    fn a_link_that_leads_out_is_named_unless_it_may() {
        for target in ["/etc/passwd", "../outside", "d/../../x"] {
            let source = tempfile::tempdir().unwrap();
            symlink(target, source.path().join("l")).unwrap();
            let refused = refusal(source.path(), NAMES);
            assert_eq!(refused.to_string(), format!("1 link leads out of the package: l (to {target})"));
            assert_eq!(refused.options(), "--outside-links keep");
            assert!(is_taken(source.path(), LINKS));
        }
    }

    #[test]
    fn a_link_to_a_name_that_only_unix_has_goes_with_either_option() {
        let source = tempfile::tempdir().unwrap();
        symlink("Foo::Bar.3pm", source.path().join("l")).unwrap();
        assert_eq!(refusal(source.path(), Rules::default()).options(), "--names unix");
        assert!(is_taken(source.path(), LINKS) && is_taken(source.path(), NAMES));
    }

    #[test]
    fn a_target_that_is_no_text_needs_any_names() {
        let source = tempfile::tempdir().unwrap();
        symlink("/a\nb", source.path().join("l")).unwrap();
        assert_eq!(refusal(source.path(), LINKS).options(), "--names unix");
        assert_eq!(refusal(source.path(), NAMES).options(), "--outside-links keep");
        assert!(is_taken(source.path(), Rules::ANYTHING));
    }

    #[test]
    fn a_message_shows_control_characters_of_a_name_escaped() {
        let source = tempfile::tempdir().unwrap();
        fs::write(source.path().join("a\nb\x1b[31m"), "").unwrap();
        let text = refusal(source.path(), Rules::default()).to_string();
        assert!(text.contains("a\\nb\\u{1b}[31m (it contains a character"), "{text}");
        assert!(!text.contains(char::is_control), "{text}");
    }
}
