//! What the outbox holds, and what became of messages that the site refused.

use dray_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A message that waits.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Its number.
    pub number: u64,
    /// Its JSON as it was kept; `null` where that is damaged, which the site refuses.
    pub body: Box<RawValue>,
}

/// A message that the site refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Its number.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// The site's stable word for what is wrong.
    pub code: String,
    /// What is wrong, in one sentence.
    pub why: String,
}

/// Messages that the site refused. They are not sent again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusals {
    /// How many.
    pub count: u64,
    /// The last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Refused>,
}

/// The JSON in these bytes.
pub(super) fn raw(bytes: &[u8]) -> Box<RawValue> {
    serde_json::from_slice(bytes).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
