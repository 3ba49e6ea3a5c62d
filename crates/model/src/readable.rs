//! Payloads that a newer program may have written are read in two steps: first what a reader must understand, then the rest.
//!
//! The head of a payload is its `format` and `requires`, the features that a reader must understand to act rightly by it. When this
//! version knows them all, the body is read, and fields in it that aren't known are ignored: they change nothing for those who
//! don't look at them. When it doesn't, only the payload's [identity](Payload::Identity) is read: it waits with a reason, and what
//! stands beside it goes on. What can't be acted on is kept as it came, so that the agent understands it once it is upgraded.
//!
//! `docs/design/0012-versions.md` says how a field, a kind and a feature are added.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::requirement::Requirement;

/// A payload with a head.
pub trait Payload: DeserializeOwned + Serialize {
    /// What it is, for sentences and for features like `policy-format-3`.
    const KIND: &'static str;
    /// The formats that this version reads; none for a payload that has no format of its own, as a part of another one.
    const FORMATS: &'static [u32];
    /// What keeps its place, name and meaning in every format.
    type Identity: DeserializeOwned;

    /// A feature that it needs although its head doesn't say so; for what would be wrong to ignore.
    fn implies(&self) -> Option<Requirement> {
        None
    }
}

/// A payload as far as this version can read it. Reading one never fails, so it takes nothing with it that stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readable<T: Payload> {
    /// Understood.
    Known(T),
    /// Only a newer version can act on it.
    Newer(Newer),
    /// No version that keeps to the rules has written this.
    Damaged(Damaged),
}

/// A payload that this version must not act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newer {
    /// What isn't supported here.
    pub lacking: Requirement,
    raw: Value,
}

/// A payload that can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// What is wrong with it, in one sentence.
    pub error: String,
    raw: Value,
}

#[derive(Deserialize)]
struct Head {
    format: Option<u32>,
    #[serde(default)]
    requires: Vec<Requirement>,
}

impl<T: Payload> Readable<T> {
    fn read(raw: Value) -> Self {
        let head = match Head::deserialize(&raw) {
            Ok(head) => head,
            Err(error) => return Self::damaged(&error, raw),
        };
        if let Some(lacking) = lacking::<T>(&head) {
            return Self::Newer(Newer { lacking, raw });
        }
        match T::deserialize(&raw) {
            Ok(known) => match known.implies().filter(|implied| !implied.is_met()) {
                Some(lacking) => Self::Newer(Newer { lacking, raw }),
                None => Self::Known(known),
            },
            Err(error) => Self::damaged(&error, raw),
        }
    }

    fn damaged(error: &serde_json::Error, raw: Value) -> Self {
        Self::Damaged(Damaged { error: error.to_string(), raw })
    }

    /// The payload, if it can be acted on.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(known) => Some(known),
            _ => None,
        }
    }

    /// What isn't supported here.
    pub const fn lacking(&self) -> Option<&Requirement> {
        match self {
            Self::Newer(newer) => Some(&newer.lacking),
            _ => None,
        }
    }

    /// What keeps its meaning in every format, of one that only a newer version can act on.
    pub fn identity(&self) -> Option<T::Identity> {
        match self {
            Self::Newer(newer) => T::Identity::deserialize(&newer.raw).ok(),
            _ => None,
        }
    }
}

fn lacking<T: Payload>(head: &Head) -> Option<Requirement> {
    match head.format {
        Some(format) if !T::FORMATS.is_empty() && !T::FORMATS.contains(&format) => {
            // What a format brings along can name the version better than we can.
            let named = head.requires.iter().find(|required| !required.is_met()).cloned();
            named.or_else(|| Some(Requirement::format(T::KIND, format)))
        }
        _ => head.requires.iter().find(|required| !required.is_met()).cloned(),
    }
}

impl<T: Payload> From<T> for Readable<T> {
    fn from(known: T) -> Self {
        Self::Known(known)
    }
}

impl<T: Payload> Serialize for Readable<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(known) => known.serialize(serializer),
            Self::Newer(Newer { raw, .. }) | Self::Damaged(Damaged { raw, .. }) => raw.serialize(serializer),
        }
    }
}

impl<'de, T: Payload> Deserialize<'de> for Readable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advertisement::Advertisement;
    use serde_json::json;

    fn advertisement() -> Value {
        json!({ "format": 1, "name": "now", "revision": 3, "published_at": "2026-01-01T00:00:00Z",
                "terms": { "package": "editor", "program": "install", "collection": "all" } })
    }

    fn read(change: impl FnOnce(&mut Value)) -> Readable<Advertisement> {
        let mut value = advertisement();
        change(&mut value);
        let read: Readable<Advertisement> = serde_json::from_value(value.clone()).unwrap();
        if read.known().is_none() {
            assert_eq!(serde_json::to_value(&read).unwrap(), value, "it is kept as it came");
        }
        read
    }

    #[test]
    fn fields_that_are_not_known_change_nothing() {
        let plain = read(|_| {});
        assert!(plain.known().is_some());
        let with_more = read(|value| {
            value["colour"] = json!("blue");
            value["requires"] = json!([]);
            value["terms"]["weather"] = json!({ "fair": true });
        });
        assert_eq!(with_more, plain);
    }

    #[test]
    fn what_must_be_understood_and_is_not_waits_and_says_what_it_needs() {
        let newer = read(|value| {
            value["requires"] = json!([{ "feature": "maintenance-windows", "version": "0.4", "note": "x" }]);
            value["terms"]["assignments"] = json!([{ "kind": "each_full_moon" }]);
        });
        let lacking = newer.lacking().unwrap();
        assert_eq!(
            (lacking.feature.as_str(), lacking.version.as_ref().unwrap().as_str()),
            ("maintenance-windows", "0.4")
        );
        let identity = newer.identity().unwrap();
        assert_eq!((identity.name.as_str(), identity.revision), ("now", 3));
        assert_eq!((identity.terms.package.as_str(), identity.terms.program.as_str()), ("editor", "install"));
    }

    #[test]
    fn a_format_that_is_not_known_waits_likewise() {
        let newer = read(|value| value["format"] = json!(2));
        assert_eq!(newer.lacking().unwrap().feature.as_str(), "advertisement-format-2");
        let named = read(|value| {
            value["format"] = json!(2);
            value["requires"] = json!([{ "feature": "recurrence" }]);
        });
        assert_eq!(named.lacking().unwrap().feature.as_str(), "recurrence");
    }

    #[test]
    fn what_no_version_writes_is_damaged_and_says_where() {
        for change in [
            |value: &mut Value| value["format"] = json!("one"),
            |value: &mut Value| value["requires"] = json!("windows"),
            |value: &mut Value| value["terms"] = json!({ "package": "editor" }),
            |value: &mut Value| value["terms"]["assignments"] = json!([{ "kind": "each_full_moon" }]),
            |value: &mut Value| *value = json!([1]),
        ] {
            assert!(matches!(read(change), Readable::Damaged(_)));
        }
        let Readable::Damaged(damaged) = read(|value| value["terms"] = json!({ "package": "editor" })) else {
            panic!()
        };
        assert!(damaged.error.contains("program"), "{}", damaged.error);
    }
}
