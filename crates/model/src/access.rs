//! Rights: what a role grants, kind by kind. Which objects of a kind they are good for is a matter of the scope.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::excerpt::quoted;
use crate::{Name, ObjectKind};

/// What one may do with the objects of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// See them.
    Read,
    /// See, make, change and delete them, and have things done with them.
    Manage,
}

impl Right {
    /// The word in a [`Grant`].
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Manage => "manage",
        }
    }
}

/// A right on a kind of object, like `manage:package`. Managing includes reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Grant {
    right: Right,
    kind: ObjectKind,
}

impl Grant {
    /// The right on the kind; `None` where there is no such right: nobody changes the audit log, or the site
    /// as a whole but on its server.
    #[must_use]
    pub const fn new(right: Right, kind: ObjectKind) -> Option<Self> {
        match (right, kind) {
            (Right::Manage, ObjectKind::Audit | ObjectKind::Site) => None,
            _ => Some(Self { right, kind }),
        }
    }

    /// Every grant that there is.
    pub fn all() -> impl Iterator<Item = Self> {
        ObjectKind::ALL
            .into_iter()
            .flat_map(|kind| [Right::Read, Right::Manage].map(|right| Self::new(right, kind)))
            .flatten()
    }

    /// What one may do.
    #[must_use]
    pub const fn right(self) -> Right {
        self.right
    }

    /// With objects of which kind.
    #[must_use]
    pub const fn kind(self) -> ObjectKind {
        self.kind
    }

    /// Whether this grant includes `other`.
    #[must_use]
    pub fn includes(self, other: Self) -> bool {
        self.kind == other.kind && self.right >= other.right
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.right.as_str(), self.kind.as_str())
    }
}

impl From<Grant> for String {
    fn from(grant: Grant) -> Self {
        grant.to_string()
    }
}

/// A text that is not a [`Grant`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a right; write read:KIND or manage:KIND (audit and site can only be read), where KIND is one of {}", quoted(.0), kinds())]
pub struct InvalidGrant(String);

fn kinds() -> String {
    ObjectKind::ALL.map(ObjectKind::as_str).join(", ")
}

impl std::str::FromStr for Grant {
    type Err = InvalidGrant;

    fn from_str(text: &str) -> Result<Self, InvalidGrant> {
        Self::all().find(|grant| grant.to_string() == text).ok_or_else(|| InvalidGrant(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Grant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Reads grants as people send them: the same one twice is refused.
pub(crate) fn distinct<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Grant>, D::Error> {
    set(Vec::deserialize(deserializer)?)
}

/// As [`distinct`], where grants may be absent.
pub(crate) fn distinct_if_given<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<BTreeSet<Grant>>, D::Error> {
    Option::deserialize(deserializer)?.map(set).transpose()
}

fn set<E: serde::de::Error>(given: Vec<Grant>) -> Result<BTreeSet<Grant>, E> {
    let mut grants = BTreeSet::new();
    for grant in given {
        if !grants.insert(grant) {
            return Err(E::custom(format!("{grant} is given twice")));
        }
    }
    Ok(grants)
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Grant {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some("A right on a kind of object, like `manage:package`. Managing includes reading."))
            .enum_values(Some(Self::all().map(|grant| grant.to_string())))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Grant {}

/// The roles that every site has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PredefinedRole {
    /// Everything.
    Administrator,
    /// Makes packages and programs and distributes content.
    Publisher,
    /// Targets: devices, collections and advertisements.
    Operator,
    /// Changes nothing.
    Reader,
}

impl PredefinedRole {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Administrator, Self::Publisher, Self::Operator, Self::Reader];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Publisher => "publisher",
            Self::Operator => "operator",
            Self::Reader => "reader",
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> Name {
        self.as_str().parse().expect("the names above are names")
    }

    /// What it is for, in a line.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Administrator => "Everything",
            Self::Publisher => "Creates packages and assigns them to distribution points",
            Self::Operator => "Manages devices and collections, and advertises to them",
            Self::Reader => "Reads everything except the audit log, tokens, roles and scopes",
        }
    }

    /// What it grants.
    #[must_use]
    pub fn grants(self) -> BTreeSet<Grant> {
        use ObjectKind::{
            Advertisement, Audit, Collection, Device, EnrolmentToken, Package, Point, Role, Scope, Token,
        };
        let managed: &[ObjectKind] = match self {
            Self::Administrator => return Grant::all().collect(),
            Self::Publisher => &[Package, Point, EnrolmentToken],
            Self::Operator => &[Collection, Device, Advertisement, EnrolmentToken],
            Self::Reader => &[],
        };
        let closed = [Audit, Token, Role, Scope];
        let read = ObjectKind::ALL.into_iter().filter(|kind| !closed.contains(kind));
        let read = read.filter_map(|kind| Grant::new(Right::Read, kind));
        let managed = managed.iter().filter_map(|kind| Grant::new(Right::Manage, *kind));
        read.chain(managed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_reads_back_and_the_audit_log_is_not_managed() {
        for grant in Grant::all() {
            assert_eq!(grant.to_string().parse(), Ok(grant));
            assert_eq!(serde_json::from_value::<Grant>(serde_json::to_value(grant).unwrap()).unwrap(), grant);
        }
        let error = "manage:audit".parse::<Grant>().unwrap_err();
        assert!(error.to_string().starts_with("\"manage:audit\" is not a right; write read:KIND"), "{error}");
        assert!("write:package".parse::<Grant>().is_err() && "read:boundary".parse::<Grant>().is_err());
    }

    #[test]
    fn to_manage_is_to_read() {
        let grant = |text: &str| text.parse::<Grant>().unwrap();
        assert!(grant("manage:package").includes(grant("read:package")));
        assert!(!grant("read:package").includes(grant("manage:package")));
        assert!(!grant("manage:package").includes(grant("read:device")));
    }

    #[test]
    fn only_administrators_see_tokens_roles_scopes_and_the_audit_log() {
        for kind in [ObjectKind::Token, ObjectKind::Role, ObjectKind::Scope, ObjectKind::Audit] {
            let read = Grant::new(Right::Read, kind).unwrap();
            let may = PredefinedRole::ALL.map(|role| role.grants().iter().any(|grant| grant.includes(read)));
            assert_eq!(may, [true, false, false, false], "{kind}");
        }
    }
}
