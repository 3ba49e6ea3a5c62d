//! What a newer program says and this one doesn't know: kept as it came, and shown with the sentence that it brought.
//!
//! Reasons, states and events grow with every version, and fleets are never on one version. So the types for them read every code:
//! one that they don't know, or whose fields have changed, becomes their variant `Other`, which is written as it came. The sender
//! writes a `sentence` beside each code, so that a reader who doesn't know the code can still say what it means.

use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{DeserializeOwned, Error as _, IntoDeserializer as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::excerpt::quoted;

/// The field that holds the sentence.
const SENTENCE: &str = "sentence";
/// Longest code of an object in characters.
const CODE_MAX: usize = 64;

/// A JSON object whose code isn't known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The field that has the code.
    tag: &'static str,
    object: Map<String, Value>,
}

impl Unknown {
    /// The object `value`, with the code in its field `tag`; nothing when it has none.
    fn new(tag: &'static str, value: Value) -> Option<Self> {
        let Value::Object(object) = value else { return None };
        is_word(object.get(tag)?.as_str()?, CODE_MAX).then_some(Self { tag, object })
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> &str {
        self.text(self.tag).unwrap_or_default()
    }

    /// A text among its fields.
    #[must_use]
    pub fn text(&self, field: &str) -> Option<&str> {
        self.object.get(field)?.as_str()
    }
}

/// The sentence that came with it, or one that says that none did.
impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text(SENTENCE) {
            Some(sentence) => f.write_str(sentence),
            None => write!(f, "{} (this version does not know what that means)", self.code()),
        }
    }
}

impl Serialize for Unknown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.object.serialize(serializer)
    }
}

/// A word of the protocol: 1 to 24 of `a-z`, `0-9` and `_`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    bytes: [u8; Self::MAX],
    length: u8,
}

impl Code {
    /// Longest code in characters.
    pub const MAX: usize = 24;

    /// The code of this text, if it can be one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        if !is_word(text, Self::MAX) {
            return None;
        }
        let mut bytes = [0; Self::MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Some(Self { bytes, length: u8::try_from(text.len()).ok()? })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).expect("a code has only ASCII characters")
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

fn is_word(text: &str, max: usize) -> bool {
    let is_legal = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    !text.is_empty() && text.len() <= max && text.bytes().all(is_legal)
}

/// Reads a word that a type may not know.
pub(crate) fn read_word<'de, D, T>(
    deserializer: D,
    known: impl Fn(StringDeserializer<D::Error>) -> Result<T, D::Error>,
    other: fn(Code) -> T,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    known(text.clone().into_deserializer()).or_else(|_| {
        let unreadable = || D::Error::custom(format!("{} is not a code: use a-z, 0-9 and _", quoted(&text)));
        Code::new(&text).map(other).ok_or_else(unreadable)
    })
}

/// Reads an object that is told apart by the code in `tag`: as `known` when that works, else as it is.
pub(crate) fn read<'de, D, T>(
    deserializer: D,
    tag: &'static str,
    known: fn(&Value) -> Result<T, serde_json::Error>,
    other: fn(Unknown) -> T,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let value = Value::deserialize(deserializer)?;
    known(&value).or_else(|error| Unknown::new(tag, value).map(other).ok_or_else(|| D::Error::custom(error)))
}

/// Writes what is known together with its sentence.
pub(crate) fn write<S: Serializer>(
    serializer: S,
    known: &impl Serialize,
    sentence: &impl fmt::Display,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Said<'a, T> {
        #[serde(flatten)]
        known: &'a T,
        sentence: String,
    }
    Said { known, sentence: sentence.to_string() }.serialize(serializer)
}

/// Reads every code of an enum that serde's derives read and write by the field `$tag` (with `#[serde(remote = "Self")]`): what they
/// don't know becomes `Other`, and what they write has its sentence beside it.
macro_rules! reads_every_code {
    ($type:ident, $tag:literal) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                struct Known<'a>(&'a $type);
                impl serde::Serialize for Known<'_> {
                    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                        <$type>::serialize(self.0, serializer)
                    }
                }
                match self {
                    Self::Other(unknown) => unknown.serialize(serializer),
                    known => $crate::unknown::write(serializer, &Known(known), known),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::unknown::read(deserializer, $tag, |value| <$type>::deserialize(value), Self::Other)
            }
        }
    };
}

pub(crate) use reads_every_code;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_short_word() {
        for good in ["a", "will_not_rerun", "x509", &"x".repeat(24)] {
            assert_eq!(Code::new(good).map(|code| code.to_string()).as_deref(), Some(good));
        }
        for bad in ["", "A", "a-b", "a b", "é", "\u{1b}[31m", &"x".repeat(25)] {
            assert_eq!(Code::new(bad), None, "{bad}");
        }
    }
}
