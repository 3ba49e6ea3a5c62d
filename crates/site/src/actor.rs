//! Who asks, and what they may do.
//!
//! An [`Actor`] is made by authentication only and passed to every operation. Whether it may do something at all is known from its
//! [`Rights`], before anything is held; whether it may do it to an object, from the scope that it works in, in the transaction that
//! reads or changes the object. What is outside of the scope looks as if it didn't exist.

mod scope;

use std::collections::BTreeSet;
use std::fmt;

use dray_model::access::{Grant, PredefinedRole, Right};
use dray_model::{DeviceId, Name, ObjectKind};

use crate::error::SiteError;

/// Who asks for an operation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The holder of an administrator token.
    Token {
        /// The token's name.
        name: Name,
        /// What it may do.
        rights: Rights,
    },
    /// An enrolled device.
    Device(DeviceId),
    /// A distribution point.
    Point(Name),
    /// The holder of the enrolment token with this number.
    EnrolmentToken(i64),
    /// The site itself: jobs and set-up.
    System,
}

/// What an administrator may do, with which objects.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rights {
    /// What their role grants.
    pub grants: BTreeSet<Grant>,
    /// The scope that they work in; `None`: everything.
    pub scope: Option<Name>,
}

impl From<PredefinedRole> for Rights {
    fn from(role: PredefinedRole) -> Self {
        Self { grants: role.grants(), scope: None }
    }
}

/// Something that needs a right. Its text reads after "may".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See objects of a kind.
    Read(ObjectKind),
    /// Make, change and delete objects of a kind, and have things done with them.
    Manage(ObjectKind),
    /// Get its own policy and report about itself.
    ActAsDevice,
    /// Get its assignments and content, and report about itself.
    ActAsPoint,
    /// Become a device or point of the site.
    Enrol,
}

impl Permission {
    /// The grant that gives it to an administrator; `None` where none does.
    fn grant(self) -> Option<Grant> {
        match self {
            Self::Read(kind) => Grant::new(Right::Read, kind),
            Self::Manage(kind) => Grant::new(Right::Manage, kind),
            Self::ActAsDevice | Self::ActAsPoint | Self::Enrol => None,
        }
    }
}

impl Actor {
    /// Nothing when the actor may do this to some object, be it one in its scope.
    ///
    /// # Errors
    /// [`SiteError::Denied`].
    pub fn authorise(&self, permission: Permission) -> Result<(), SiteError> {
        if self.may(permission) {
            return Ok(());
        }
        Err(SiteError::Denied { actor: self.to_string(), permission })
    }

    /// Whether the actor may do this to some object, be it one in its scope.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        match self {
            Self::System => true,
            Self::Device(_) => permission == Permission::ActAsDevice,
            Self::Point(_) => permission == Permission::ActAsPoint,
            Self::EnrolmentToken(_) => permission == Permission::Enrol,
            Self::Token { rights, .. } => {
                permission.grant().is_some_and(|asked| rights.grants.iter().any(|grant| grant.includes(asked)))
            }
        }
    }

    /// Nothing when the actor has all of the `grants`, everywhere: nobody gives more than they have.
    ///
    /// # Errors
    /// [`SiteError::Beyond`] with a grant that it lacks.
    pub(crate) fn authorise_granting(&self, grants: &BTreeSet<Grant>) -> Result<(), SiteError> {
        let lacking = match self {
            Self::System => None,
            Self::Token { rights, .. } => {
                grants.iter().find(|asked| !rights.grants.iter().any(|grant| grant.includes(**asked)))
            }
            Self::Device(_) | Self::Point(_) | Self::EnrolmentToken(_) => grants.first(),
        };
        match lacking {
            Some(grant) => Err(SiteError::Beyond { actor: self.to_string(), grant: *grant }),
            None => Ok(()),
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
        let (verb, kind) = match self {
            Self::Read(kind) => ("read", kind),
            Self::Manage(kind) => ("manage", kind),
            Self::ActAsDevice => return f.write_str("act as a device"),
            Self::ActAsPoint => return f.write_str("act as a distribution point"),
            Self::Enrol => return f.write_str("enrol"),
        };
        match kind {
            ObjectKind::Audit => write!(f, "{verb} the audit log"),
            ObjectKind::Content => write!(f, "{verb} the content store"),
            ObjectKind::Site => write!(f, "{verb} the state of the site"),
            kind => write!(f, "{verb} {kind}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(role: PredefinedRole) -> Actor {
        Actor::Token { name: "t".parse().unwrap(), rights: role.into() }
    }

    #[test]
    fn only_administrators_manage_tokens_and_read_the_audit_log() {
        let closed = [
            Permission::Manage(ObjectKind::Token),
            Permission::Read(ObjectKind::Token),
            Permission::Read(ObjectKind::Audit),
            Permission::Manage(ObjectKind::Content),
            Permission::Manage(ObjectKind::Role),
        ];
        for permission in closed {
            assert!(token(PredefinedRole::Administrator).may(permission));
            for role in [PredefinedRole::Publisher, PredefinedRole::Operator, PredefinedRole::Reader] {
                assert!(!token(role).may(permission), "{} may {permission}", role.as_str());
            }
        }
    }

    #[test]
    fn devices_and_points_do_nothing_but_their_own() {
        let device = Actor::Device(DeviceId::from_random(1));
        assert!(device.may(Permission::ActAsDevice) && !device.may(Permission::ActAsPoint));
        assert!(!device.may(Permission::Read(ObjectKind::Package)));
        assert!(!token(PredefinedRole::Administrator).may(Permission::ActAsDevice));
    }

    #[test]
    fn who_publishes_does_not_deploy() {
        let (publisher, operator) = (token(PredefinedRole::Publisher), token(PredefinedRole::Operator));
        assert!(publisher.authorise(Permission::Manage(ObjectKind::Package)).is_ok());
        assert!(publisher.authorise(Permission::Manage(ObjectKind::Advertisement)).is_err());
        assert!(operator.authorise(Permission::Manage(ObjectKind::Package)).is_err());
    }

    #[test]
    fn nobody_grants_what_they_lack() {
        let publisher = token(PredefinedRole::Publisher);
        assert!(publisher.authorise_granting(&PredefinedRole::Reader.grants()).is_ok());
        let refused = publisher.authorise_granting(&PredefinedRole::Operator.grants()).unwrap_err();
        assert!(matches!(&refused, SiteError::Beyond { .. }), "{refused}");
        assert!(Actor::System.authorise_granting(&PredefinedRole::Administrator.grants()).is_ok());
    }
}
