//! Administrator tokens: what a person or a program shows to use the API.

use serde::{Deserialize, Serialize};

use crate::excerpt::quoted;
use crate::{Name, Timestamp};

/// What the holder of an administrator token may do. Each role may read everything except the audit log and tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// Everything, tokens, site settings and the audit log included.
    Administrator,
    /// Makes packages and programs and distributes content.
    Publisher,
    /// Targets: devices, collections and advertisements.
    Operator,
    /// Changes nothing.
    Reader,
}

impl Role {
    /// The word used in the API and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Publisher => "publisher",
            Self::Operator => "operator",
            Self::Reader => "reader",
        }
    }
}

/// A text that is no [`Role`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a role: administrator, publisher, operator or reader", quoted(.0))]
pub struct InvalidRole(String);

impl std::str::FromStr for Role {
    type Err = InvalidRole;

    fn from_str(text: &str) -> Result<Self, InvalidRole> {
        [Self::Administrator, Self::Publisher, Self::Operator, Self::Reader]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| InvalidRole(text.to_owned()))
    }
}

/// An administrator token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Token {
    /// Unique for ever: the audit log names the token.
    pub name: Name,
    /// What its holder may do.
    pub role: Role,
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
    /// What its holder may do.
    pub role: Role,
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
