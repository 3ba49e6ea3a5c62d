//! Names and short texts that come from people.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

/// A slug: 1 to 64 of `a-z`, `0-9` and `-`, starting and ending with a letter or digit. Unique in its kind of object.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

/// Why a text is not a [`Name`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// No characters at all.
    #[error("a name cannot be empty")]
    Empty,
    /// Longer than [`Name::MAX`].
    #[error("a name can have at most 64 characters, but this one has {0}")]
    TooLong(usize),
    /// A character outside `a-z0-9-`, or a hyphen at either end.
    #[error("{0:?} is not a valid name: use a-z, 0-9 and -, and begin and end with a letter or digit")]
    Characters(String),
}

impl Name {
    /// Longest name in characters.
    pub const MAX: usize = 64;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if text.is_empty() {
            return Err(InvalidName::Empty);
        }
        let length = text.chars().count();
        if length > Self::MAX {
            return Err(InvalidName::TooLong(length));
        }
        let legal = text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !legal || text.starts_with('-') || text.ends_with('-') {
            return Err(InvalidName::Characters(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<&str> for Name {
    type Error = InvalidName;

    fn try_from(text: &str) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A text of at most `MAX` characters without control characters; `MULTILINE` texts may hold line breaks and tabs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(String);

/// Why a text is not a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Longer than its limit.
    #[error("{length} characters, the limit is {max}")]
    TooLong {
        /// Characters given.
        length: usize,
        /// Characters allowed.
        max: usize,
    },
    /// A control character other than a tab or line break.
    #[error("control character {0:?} is not allowed")]
    Control(char),
}

impl<const MAX: usize> Text<MAX> {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<const MAX: usize> FromStr for Text<MAX> {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let length = text.chars().count();
        if length > MAX {
            return Err(InvalidText::TooLong { length, max: MAX });
        }
        match text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            Some(control) => Err(InvalidText::Control(control)),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
crate::openapi::text_schema!(Name, "a slug: a-z, 0-9 and -", pattern = "^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$");

#[cfg(feature = "openapi")]
crate::openapi::bounded_text_schema!();

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_a_slug_of_up_to_64_characters() {
        for good in ["a", "7-zip", "libre-office-24", &"x".repeat(64)] {
            assert!(good.parse::<Name>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a b", "é", "../a", &"x".repeat(65)] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_text_counts_characters_not_bytes() {
        assert!("éééé".parse::<Text<4>>().is_ok());
        assert_eq!("ééééé".parse::<Text<4>>(), Err(InvalidText::TooLong { length: 5, max: 4 }));
    }

    #[test]
    fn control_characters_are_refused_in_texts() {
        assert_eq!("a\u{1b}[31m".parse::<Text<99>>(), Err(InvalidText::Control('\u{1b}')));
    }

    proptest! {
        #[test]
        fn whatever_is_a_name_is_safe_as_a_file_name(text in "\\PC{0,70}") {
            if let Ok(name) = text.parse::<Name>() {
                prop_assert!(!name.as_str().contains(['/', '\\', '.', ':']));
            }
        }
    }
}
