//! What a source folder had that its content doesn't carry: named when it is published, because nobody would miss it before a client does.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One kind of thing that was not preserved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NotCarried {
    /// What it is.
    pub kind: NotCarriedKind,
    /// How many files and folders had it.
    pub count: u64,
    /// The first of them, relative to the source folder; bytes that are not text are escaped.
    pub example: String,
}

/// What content does not preserve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotCarriedKind {
    /// Another owner or group than the source folder has. At a client the agent owns everything.
    Owner,
    /// The setuid or setgid bit.
    Setuid,
    /// Capabilities of a program.
    Capabilities,
    /// An access control list.
    Acl,
    /// Other extended attributes.
    Attributes,
    /// A second name of the same file. It becomes a file of its own.
    HardLink,
}

impl fmt::Display for NotCarried {
    /// For example: the setuid or setgid bit of bin/su and 1 more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match (self.kind, self.count) {
            (NotCarriedKind::Owner, _) => "a different owner",
            (NotCarriedKind::Setuid, _) => "the setuid or setgid bit",
            (NotCarriedKind::Capabilities, _) => "capabilities",
            (NotCarriedKind::Acl, _) => "access control lists",
            (NotCarriedKind::Attributes, _) => "extended attributes",
            (NotCarriedKind::HardLink, 1) => "a hard link",
            (NotCarriedKind::HardLink, _) => "hard links",
        };
        match self.count {
            1 => write!(f, "{what} of {}", self.example),
            count => write!(f, "{what} of {} and {} more", self.example, count - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_several_read_well() {
        let of = |kind, count| NotCarried { kind, count, example: "bin/su".into() }.to_string();
        assert_eq!(of(NotCarriedKind::Setuid, 1), "the setuid or setgid bit of bin/su");
        assert_eq!(of(NotCarriedKind::HardLink, 3), "hard links of bin/su and 2 more");
    }
}
