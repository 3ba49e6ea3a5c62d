//! A known value, and what becomes of what a system said.

use crate::inventory::Kind;

/// Texts are cut to so many bytes, at a character's boundary: they stay below what a PostgreSQL index entry holds.
pub const TEXT_BYTES_MAX: usize = 1024;
/// Versions are cut to so many bytes, because their sortable keys are up to eight times longer.
pub const VERSION_BYTES_MAX: usize = 128;

/// What is known of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number that isn't negative.
    Integer(i64),
    /// A text; a version or an address in its text form where the property is one.
    Text(String),
}

impl Value {
    /// The text, where it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Integer(_) => None,
        }
    }

    /// The number, where it is one.
    #[must_use]
    pub const fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Text(_) => None,
        }
    }

    /// The value as a fact of this kind; `None` when it isn't of the kind.
    pub(super) fn fitted(self, kind: Kind) -> Option<Self> {
        match (self, kind) {
            (Self::Integer(number), Kind::Integer) => (number >= 0).then_some(Self::Integer(number)),
            (Self::Text(text), Kind::Version) => Some(Self::Text(cut(text, VERSION_BYTES_MAX))),
            (Self::Text(text), Kind::Text | Kind::Ip) => Some(Self::Text(cut(text, TEXT_BYTES_MAX))),
            (Self::Integer(_), _) | (Self::Text(_), Kind::Integer) => None,
        }
    }
}

fn cut(mut text: String, bytes_max: usize) -> String {
    if text.contains('\0') {
        text.retain(|character| character != '\0');
    }
    text.truncate(text.floor_char_boundary(bytes_max));
    text
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_end_at_the_largest_that_a_database_holds() {
        assert_eq!(Value::from(u64::MAX), Value::Integer(i64::MAX));
    }

    #[test]
    fn texts_lose_nul_characters_and_what_is_too_long() {
        let long = format!("a\0{}", "é".repeat(600));
        assert_eq!(Value::from(long).fitted(Kind::Text), Some(format!("a{}", "é".repeat(511)).into()));
        let version = Value::from("1".repeat(200)).fitted(Kind::Version).unwrap();
        assert_eq!(version.as_text().unwrap().len(), VERSION_BYTES_MAX);
    }

    #[test]
    fn a_value_of_another_kind_is_no_fact() {
        assert_eq!(Value::from(1_u32).fitted(Kind::Text), None);
        assert_eq!(Value::from("1").fitted(Kind::Integer), None);
        assert_eq!(Value::Integer(-1).fitted(Kind::Integer), None);
    }
}
