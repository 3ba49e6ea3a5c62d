//! Administrator tokens: what a person or a program shows to use the API.

use serde::{Deserialize, Serialize};

use crate::{Name, Timestamp};

/// An administrator token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Token {
    /// Unique for ever: the audit log names the token.
    pub name: Name,
    /// The role that says what its holder may do.
    pub role: Name,
    /// The scope with the objects that its holder works on; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Name>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From this instant it is refused; absent: never.
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
    /// Its name; names of revoked tokens stay taken.
    pub name: Name,
    /// The role that says what its holder may do.
    pub role: Name,
    /// The scope with the objects that its holder is to work on; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Name>,
    /// Seconds until it expires, 1 to 315,360,000 (ten years); absent: 90 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 315_360_000))]
    pub valid_s: Option<u32>,
}

/// A token just made, of administrators or for enrolment. The secret is shown this once and stored nowhere.
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
