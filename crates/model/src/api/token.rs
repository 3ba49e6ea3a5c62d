//! Administrator tokens: what a person or a program shows to use the API.

use serde::{Deserialize, Serialize};

use crate::{Name, Timestamp};

/// An administrator token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Token {
    /// Its name, never reused, because it appears in the audit log.
    pub name: Name,
    /// Its role, which says what it allows.
    pub role: Name,
    /// The scope that it is limited to; absent if it is not limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Name>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires; absent if never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// Asks for a new token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateToken {
    /// Its name. Names of revoked tokens cannot be reused.
    pub name: Name,
    /// Its role, which says what it allows.
    pub role: Name,
    /// The scope to limit it to. If absent, it is not limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Name>,
    /// Seconds until it expires: 1 to 315 360 000 (ten years). 90 days if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 315_360_000))]
    pub valid_s: Option<u32>,
}

/// A new administrator or enrolment token. The secret is shown only this once and is not stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Issued<T> {
    /// The token.
    pub token: T,
    /// The text to send as `Authorization: Bearer …`, or to enrol with.
    pub secret: String,
}

impl<T: std::fmt::Debug> std::fmt::Debug for Issued<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued").field("token", &self.token).finish_non_exhaustive()
    }
}
