//! A query: its text and what it means, together, as it is stored and sent.
//!
//! A [`Query`] can't be ill-typed or beyond the limits, wherever it came from. Its JSON has a version; one that isn't known
//! is refused, because guessing at who gets software is worse than asking for a newer agent.

use std::collections::BTreeSet;

use dray_model::facts::Facts;
use dray_model::inventory::Class;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::check::check;
use crate::condition::Condition;
use crate::limits::Limits;
use crate::problem::Problem;
use crate::sql::{Dialect, SqlPredicate};
use crate::{evaluate, sql};

/// The version of the JSON form that this crate reads and writes.
const VERSION: u32 = 1;

/// A condition on devices, as somebody wrote it and as it is evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    text: String,
    condition: Condition,
}

impl Query {
    /// A text and what it means, checked.
    ///
    /// # Errors
    ///
    /// The limit that one of them breaks, or [`Problem::Malformed`].
    pub fn new(text: String, condition: Condition, limits: &Limits) -> Result<Self, Problem> {
        if text.len() > limits.bytes_max {
            return Err(Problem::TooLong { bytes: text.len(), bytes_max: limits.bytes_max });
        }
        check(&condition, limits)?;
        Ok(Self { text, condition })
    }

    /// The text as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it means.
    #[must_use]
    pub fn condition(&self) -> &Condition {
        &self.condition
    }

    /// Whether the device with these facts is meant; [`Facts::default`] is one that never reported any.
    #[must_use]
    pub fn matches(&self, facts: &Facts, device_name: &str) -> bool {
        evaluate::holds(&self.condition, facts, device_name)
    }

    /// The predicate that is TRUE for the devices that are meant. Placeholders are numbered from `first_param`, which is 1
    /// where nothing stands before.
    #[must_use]
    pub fn to_sql(&self, dialect: Dialect, first_param: usize) -> SqlPredicate {
        sql::compile(&self.condition, dialect, first_param)
    }

    /// The classes whose rows decide: after a change elsewhere the answer is the same. The device's name counts as
    /// [`Class::DEVICE`].
    #[must_use]
    pub fn touched_classes(&self) -> BTreeSet<Class> {
        self.condition.touched_classes()
    }
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    text: &'a str,
    condition: &'a Condition,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    #[serde(rename = "version")]
    _version: KnownVersion,
    text: String,
    condition: Condition,
}

/// Stands first in the document, so that a newer one is refused for its version and not for what it brings.
#[derive(Deserialize)]
#[serde(try_from = "u32")]
struct KnownVersion;

impl TryFrom<u32> for KnownVersion {
    type Error = String;

    fn try_from(version: u32) -> Result<Self, String> {
        if version == VERSION {
            return Ok(Self);
        }
        Err(format!("the query has format version {version}, but this version of Dray reads only version {VERSION}"))
    }
}

impl TryFrom<Read> for Query {
    type Error = Problem;

    fn try_from(read: Read) -> Result<Self, Problem> {
        Self::new(read.text, read.condition, &Limits::default())
    }
}

impl Serialize for Query {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written { version: VERSION, text: &self.text, condition: &self.condition }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Query {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Read::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
    }
}
