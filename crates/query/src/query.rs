//! A query: its text and what it means, together, as it is stored and sent.
//!
//! A [`Query`] can't be ill-typed or beyond the limits, wherever it came from. Its JSON has a version; one that isn't known
//! is refused, because guessing at who gets software is worse than asking for a newer agent.

use std::collections::BTreeSet;

use dray_model::facts::Facts;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::catalogue::Class;
use crate::check::check;
use crate::condition::Condition;
use crate::error::{Problem, QueryError};
use crate::limits::Limits;
use crate::rows::FactRows;
use crate::scan::scan;
use crate::sql::{Dialect, SqlPredicate};
use crate::{evaluate, lower, parse, sql};

/// The version of the JSON form that this crate reads and writes.
const VERSION: u32 = 1;

/// A condition on devices, as somebody wrote it and as it is evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    text: String,
    condition: Condition,
}

impl Query {
    /// Parses and type-checks a text. Takes a few milliseconds, on a thread of its own for its stack.
    ///
    /// # Errors
    ///
    /// The first problem, with its place in the text and, where there is one, what to write instead.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, QueryError> {
        scan(text, limits)?;
        let condition = parse::with_stack_for(limits.depth_max, text.len(), || {
            let tree = parse::parse(text)?;
            lower::lower(&tree, limits)
        })?;
        check(&condition, limits).map_err(|problem| QueryError::new(0..text.len(), problem))?;
        Ok(Self { text: text.to_owned(), condition })
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

    /// Whether a device is meant. For several queries on the same facts make [`FactRows`] once and ask
    /// [`Query::matches_rows`].
    #[must_use]
    pub fn matches(&self, facts: &Facts, device_name: &str) -> bool {
        self.matches_rows(&FactRows::from(facts), device_name)
    }

    /// Whether the device with these rows is meant; [`FactRows::default`] is one that never told anything.
    #[must_use]
    pub fn matches_rows(&self, rows: &FactRows, device_name: &str) -> bool {
        evaluate::holds(&self.condition, rows, device_name)
    }

    /// The predicate that is TRUE for the devices that are meant. Placeholders are numbered from `first_param`, which is 1
    /// where nothing stands before.
    #[must_use]
    pub fn to_sql(&self, dialect: Dialect, first_param: usize) -> SqlPredicate {
        sql::compile(&self.condition, dialect, first_param)
    }

    /// The classes whose rows decide: after a change elsewhere the answer is the same. The device's name counts as
    /// [`Class::Device`].
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
        Err(format!("the query is in version {version} of its form, and only version {VERSION} is known here"))
    }
}

impl TryFrom<Read> for Query {
    type Error = Problem;

    fn try_from(read: Read) -> Result<Self, Problem> {
        let limits = Limits::default();
        if read.text.len() > limits.bytes_max {
            return Err(Problem::TooLong { bytes: read.text.len(), bytes_max: limits.bytes_max });
        }
        check(&read.condition, &limits)?;
        Ok(Self { text: read.text, condition: read.condition })
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
