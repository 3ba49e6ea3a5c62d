//! The audit log: who changed what, when, and what it was before.

use serde::{Deserialize, Serialize};

use crate::{Digest, Timestamp};

/// One change. Records are never altered or deleted; each contains the hash of the previous one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditRecord {
    /// Position in the log, from 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who: `token:NAME`, `device:ID`, `point:NAME` or `system`.
    pub actor: String,
    /// What was done, for example `token.create`.
    pub action: String,
    /// Kind of the object, for example `token`.
    pub object_kind: String,
    /// The object's name or id.
    pub object_name: String,
    /// The change: `former` and `new` values, if any.
    pub detail: serde_json::Value,
    /// Hash of this record and the hash of the previous one.
    pub hash: Digest,
}
