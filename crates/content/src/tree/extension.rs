//! Extensions: what later versions say of a tree's entries, such as owners or extended attributes.
//!
//! A reader that doesn't know one keeps it byte for byte, so that the tree has the same digest everywhere. Whether a computer may
//! make the tree without understanding it is said in the tree ([`super::Tree::requires`]), not guessed.

use dray_model::package::{OUTSIDE_LINKS, UNIX_NAMES};

use super::InvalidTree;

/// Something that is said of a tree's entries beyond what this version knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// What it is called: 1 to [`Extension::NAME_BYTES_MAX`] lower-case letters, digits and `_`.
    pub name: String,
    /// Whether it must be understood to make the tree on disk.
    pub is_required: bool,
    /// What it says.
    pub bytes: Vec<u8>,
}

impl Extension {
    /// Longest name in bytes.
    pub const NAME_BYTES_MAX: usize = 64;
    /// Extensions that one tree may have.
    pub const COUNT_MAX: u64 = 64;
}

/// Whether it is the name of an extension.
pub(super) fn is_name(name: &[u8]) -> bool {
    (1..=Extension::NAME_BYTES_MAX).contains(&name.len())
        && name.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// The extensions in order of their names, if these are legal and different.
pub(super) fn sorted(mut extensions: Vec<Extension>) -> Result<Vec<Extension>, InvalidTree> {
    extensions.sort_by(|a, b| a.name.cmp(&b.name));
    let is_illegal = |(at, extension): &(usize, &Extension)| {
        !is_name(extension.name.as_bytes())
            || [OUTSIDE_LINKS, UNIX_NAMES].contains(&extension.name.as_str())
            || (*at > 0 && extensions[at - 1].name == extension.name)
    };
    match extensions.iter().enumerate().find(is_illegal) {
        Some((_, illegal)) => Err(InvalidTree::Extension(illegal.name.clone())),
        None => Ok(extensions),
    }
}
