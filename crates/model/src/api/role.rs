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
    /// The revision, which increases with every change; the ETag.
    pub revision: u64,
    /// Its title.
    pub title: Text<128>,
    /// What it allows.
    pub grants: BTreeSet<Grant>,
    /// Whether it is built in, so that it cannot be changed or deleted.
    pub predefined: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// A new role. Nobody can grant what they are not allowed to do themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateRole {
    /// Its name.
    pub name: Name,
    /// Its title.
    #[serde(default)]
    pub title: Text<128>,
    /// What it allows.
    #[serde(deserialize_with = "crate::access::distinct")]
    pub grants: BTreeSet<Grant>,
}

/// A change to a role. Anything absent stays as it is. Tokens with this role have the new rights from the next request on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeRole {
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text<128>>,
    /// What it allows.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::access::distinct_if_given")]
    pub grants: Option<BTreeSet<Grant>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_that_is_given_twice_is_refused() {
        let create =
            |grants: &str| serde_json::from_str::<CreateRole>(&format!(r#"{{"name": "a", "grants": {grants}}}"#));
        assert_eq!(create(r#"["read:job", "read:device"]"#).unwrap().grants.len(), 2);
        let refused = create(r#"["read:job", "read:job"]"#).unwrap_err();
        assert!(refused.to_string().starts_with("read:job is given twice"), "{refused}");
        assert!(serde_json::from_str::<ChangeRole>(r#"{"grants": ["read:job", "read:job"]}"#).is_err());
        assert_eq!(serde_json::from_str::<ChangeRole>("{}").unwrap(), ChangeRole::default());
    }
}
