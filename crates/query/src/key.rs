//! What a fact compares by: its key where its kind has one, else itself.
//!
//! The databases keep keys beside the texts, in `<name>_key`; a device computes one when a comparison needs it.

use std::borrow::Cow;

use dray_model::facts::Value;
use dray_model::inventory::Kind;

use crate::address::ip_key;
use crate::version::version_key;

/// The sortable key of a text of this kind; none for a kind without keys, and for what is not an address.
#[must_use]
pub fn key(kind: Kind, text: &str) -> Option<String> {
    match kind {
        Kind::Version => Some(version_key(text)),
        Kind::Ip => ip_key(text),
        Kind::Text | Kind::Integer => None,
    }
}

/// A value as comparisons see it. Texts of kinds with a key are keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Comparable<'a> {
    Integer(i64),
    Text(Cow<'a, str>),
}

impl<'a> Comparable<'a> {
    /// A fact of this kind; none for a text that should have a key and has none.
    pub(crate) fn of(kind: Kind, value: &'a Value) -> Option<Self> {
        Some(match value {
            Value::Integer(number) => Self::Integer(*number),
            Value::Text(text) if kind.has_key() => Self::Text(Cow::Owned(key(kind, text)?)),
            Value::Text(text) => Self::text(text),
        })
    }

    /// A text that compares as it is.
    pub(crate) const fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dray_model::facts::VERSION_BYTES_MAX;

    #[test]
    fn the_key_of_the_worst_version_fits_an_index() {
        let worst = key(Kind::Version, &"_".repeat(VERSION_BYTES_MAX)).unwrap();
        assert!(worst.len() <= 8 * VERSION_BYTES_MAX, "{}", worst.len());
    }

    #[test]
    fn what_is_no_address_has_no_key() {
        assert_eq!(key(Kind::Ip, "10.1.2.3").as_deref(), Some("40a010203"));
        assert_eq!(key(Kind::Ip, "somewhere"), None);
        assert_eq!(Comparable::of(Kind::Ip, &"somewhere".into()), None);
    }
}
