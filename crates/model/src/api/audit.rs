//! The audit log: who changed what, when, and what it was before.

use serde::{Deserialize, Serialize};

use crate::{Digest, Timestamp};

/// One change. Records are never altered or removed; each holds the hash of the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditRecord {
    /// Place in the log, from 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who: `token:NAME`, `device:ID`, `point:NAME` or `system`.
    pub actor: String,
    /// What was done, like `token.create`.
    pub action: String,
    /// Kind of the object, like `token`.
    pub object_kind: String,
    /// The object's name or id.
    pub object_name: String,
    /// The change: `former` and `new` values where there are any.
    pub detail: serde_json::Value,
    /// Hash over this record and the hash of the one before.
    pub hash: Digest,
}
