//! Who asks, and what they may do.
//!
//! An [`Actor`] is made by authentication only and passed to every operation. Rights are a table of roles and permissions, read
//! in one place.

use std::fmt;

use dray_model::api::token::Role;
use dray_model::{DeviceId, Name};
use dray_store::Snapshot;

use crate::error::SiteError;
use crate::object::Object;

/// Whoever asks for an operation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The holder of an administrator token.
    Token {
        /// The token's name.
        name: Name,
        /// What it may do.
        role: Role,
    },
    /// An enrolled device.
    Device(DeviceId),
    /// A distribution point.
    Point(Name),
    /// Whoever shows the enrolment token with this number.
    EnrolmentToken(i64),
    /// The site itself: jobs and set-up.
    System,
}

/// Something that needs a right. Its text reads after "may".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read what administrators see, tokens and the audit log apart.
    Read,
    /// Make, list and revoke administrator tokens.
    ManageTokens,
    /// Read the audit log.
    ReadAudit,
    /// Change settings of the site and its jobs.
    ManageSite,
    /// Make and change packages and programs.
    ManagePackages,
    /// Make and change distribution points, and what they hold.
    ManagePoints,
    /// Make and change collections.
    ManageCollections,
    /// Enrol, change and remove devices.
    ManageDevices,
    /// Make and change advertisements.
    ManageAdvertisements,
    /// Get its own policy and report about itself.
    ActAsDevice,
    /// Get its assignments and content, and report about itself.
    ActAsPoint,
    /// Become a device or point of the site.
    Enrol,
}

impl Actor {
    /// Nothing when the actor may.
    ///
    /// # Errors
    /// [`SiteError::Denied`].
    pub fn authorise(&self, permission: Permission) -> Result<(), SiteError> {
        if self.may(permission) {
            return Ok(());
        }
        Err(SiteError::Denied { actor: self.to_string(), permission })
    }

    /// Nothing when the actor may do this to `object`.
    ///
    /// # Errors
    /// [`SiteError::Denied`], or the database's.
    pub(crate) async fn authorise_on(
        &self,
        _snapshot: &mut Snapshot,
        permission: Permission,
        _object: &Object,
    ) -> Result<(), SiteError> {
        self.authorise(permission)
    }

    /// Nothing when the actor may make `object`.
    ///
    /// # Errors
    /// [`SiteError::Denied`].
    pub(crate) fn authorise_new(&self, permission: Permission, _object: &Object) -> Result<(), SiteError> {
        self.authorise(permission)
    }

    /// Nothing when the actor may do this whatever object it reaches: for what has effects beyond one object.
    ///
    /// # Errors
    /// [`SiteError::Denied`].
    pub(crate) fn authorise_everywhere(&self, permission: Permission) -> Result<(), SiteError> {
        self.authorise(permission)
    }

    /// Whether the actor may. The whole table of rights.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        use Permission::{
            ActAsDevice, ActAsPoint, Enrol, ManageAdvertisements, ManageCollections, ManageDevices, ManagePackages,
            ManagePoints, Read,
        };
        match self {
            Self::System => true,
            Self::Device(_) => permission == ActAsDevice,
            Self::Point(_) => permission == ActAsPoint,
            Self::EnrolmentToken(_) => permission == Enrol,
            Self::Token { role, .. } => match role {
                Role::Administrator => !matches!(permission, ActAsDevice | ActAsPoint | Enrol),
                Role::Publisher => matches!(permission, Read | ManagePackages | ManagePoints),
                Role::Operator => {
                    matches!(permission, Read | ManageCollections | ManageDevices | ManageAdvertisements)
                }
                Role::Reader => permission == Read,
            },
        }
    }
}

/// As the audit log names them.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token { name, .. } => write!(f, "token:{name}"),
            Self::Device(id) => write!(f, "device:{id}"),
            Self::Point(name) => write!(f, "point:{name}"),
            Self::EnrolmentToken(id) => write!(f, "enrolment-token:{id}"),
            Self::System => f.write_str("system"),
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read objects",
            Self::ManageTokens => "manage administrator tokens",
            Self::ReadAudit => "read the audit log",
            Self::ManageSite => "manage the site",
            Self::ManagePackages => "manage packages",
            Self::ManagePoints => "manage distribution points",
            Self::ManageCollections => "manage collections",
            Self::ManageDevices => "manage devices",
            Self::ManageAdvertisements => "manage advertisements",
            Self::ActAsDevice => "act as a device",
            Self::ActAsPoint => "act as a distribution point",
            Self::Enrol => "enrol",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(role: Role) -> Actor {
        Actor::Token { name: "t".parse().unwrap(), role }
    }

    #[test]
    fn only_administrators_manage_tokens_and_read_the_audit_log() {
        for permission in [Permission::ManageTokens, Permission::ReadAudit, Permission::ManageSite] {
            assert!(token(Role::Administrator).may(permission));
            for role in [Role::Publisher, Role::Operator, Role::Reader] {
                assert!(!token(role).may(permission));
            }
        }
    }

    #[test]
    fn devices_and_points_do_nothing_but_their_own() {
        let device = Actor::Device(DeviceId::from_random(1));
        assert!(
            device.may(Permission::ActAsDevice) && !device.may(Permission::Read) && !device.may(Permission::ActAsPoint)
        );
        assert!(!token(Role::Administrator).may(Permission::ActAsDevice));
    }

    #[test]
    fn who_publishes_does_not_deploy() {
        assert!(token(Role::Publisher).authorise(Permission::ManagePackages).is_ok());
        assert!(token(Role::Publisher).authorise(Permission::ManageAdvertisements).is_err());
        assert!(token(Role::Operator).authorise(Permission::ManagePackages).is_err());
    }
}
