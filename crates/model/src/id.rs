//! Generated identities.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::excerpt::quoted;

/// A text that is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a {kind} id; expected `{prefix}-` followed by 13 characters of 0-9 and a-v", quoted(text))]
pub struct InvalidId {
    text: String,
    kind: &'static str,
    prefix: &'static str,
}

const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// Uses the lower 63 bits, so that the id fits a signed database column. The caller draws the bits.
            #[must_use]
            pub const fn from_random(bits: u64) -> Self {
                Self(bits & (i64::MAX as u64))
            }

            /// The number kept in the database; never negative.
            #[must_use]
            pub const fn number(self) -> i64 {
                self.0.cast_signed()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&to_text(self.0, $prefix))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                from_text(text, $prefix)
                    .map(Self)
                    .ok_or_else(|| InvalidId { text: text.to_owned(), kind: $kind, prefix: $prefix })
            }
        }

        impl TryFrom<i64> for $name {
            type Error = InvalidId;

            fn try_from(number: i64) -> Result<Self, InvalidId> {
                u64::try_from(number)
                    .map(Self)
                    .map_err(|_| InvalidId { text: number.to_string(), kind: $kind, prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "openapi")]
        crate::openapi::text_schema!($name, $kind, pattern = concat!("^", $prefix, "-[0-7][0-9a-v]{12}$"));
    };
}

id!(/// A client computer, given at enrolment and kept for its life. Text form `d-` and 13 digits of base 32.
    DeviceId, "d", "device");
id!(/// One start of a program on one client. Drawn by the client before the start, so that the start can't happen twice.
    RunId, "r", "run");
id!(/// A job: side work of the site server.
    JobId, "j", "job");
id!(/// An era of a site's history, see [`crate::history`].
    EraId, "e", "era");

fn to_text(number: u64, prefix: &str) -> String {
    let mut text = format!("{prefix}-");
    for place in (0..13).rev() {
        text.push(DIGITS[(number >> (5 * place) & 31) as usize].into());
    }
    text
}

fn from_text(text: &str, prefix: &str) -> Option<u64> {
    let digits = text.strip_prefix(prefix)?.strip_prefix('-')?.as_bytes();
    if digits.len() != 13 {
        return None;
    }
    let mut number: u64 = 0;
    for digit in digits {
        let value = DIGITS.iter().position(|d| d == digit)? as u64;
        number = number.checked_mul(32)?.checked_add(value)?;
    }
    (number <= i64::MAX as u64).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_number_forms_read_back(bits in any::<u64>()) {
            let id = DeviceId::from_random(bits);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(DeviceId::try_from(id.number()), Ok(id));
        }

        #[test]
        fn text_forms_sort_like_numbers(a in any::<u64>(), b in any::<u64>()) {
            let (a, b) = (RunId::from_random(a), RunId::from_random(b));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let run = RunId::from_random(7).to_string();
        assert!(run.parse::<DeviceId>().is_err());
        assert!("d-g000000000000".parse::<DeviceId>().is_err());
        assert!("d-".parse::<DeviceId>().is_err());
    }
}
