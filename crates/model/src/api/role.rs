//! Roles: sets of rights by name.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::access::Grant;
use crate::{Name, Text, Timestamp};

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoleView {
    /// Its name.
    pub name: Name,
    /// Raised by each change.
    pub revision: u64,
    /// A title for people.
    pub title: Text<128>,
    /// What it grants.
    pub grants: BTreeSet<Grant>,
    /// Whether every site has it: it can be neither changed nor deleted.
    pub predefined: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// Asks for a new role. Nobody can grant what they don't have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateRole {
    /// Its name.
    pub name: Name,
    /// A title for people.
    #[serde(default)]
    pub title: Text<128>,
    /// What it grants.
    pub grants: BTreeSet<Grant>,
}

/// Changes a role; what is absent stays. Those who have the role have the new rights from their next request on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeRole {
    /// A title for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text<128>>,
    /// What it grants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grants: Option<BTreeSet<Grant>>,
}
