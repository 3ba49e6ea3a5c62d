//! Which objects an actor works on: all, or those in its scope.

use dray_model::Name;
use dray_store::scope::{self, Within};
use dray_store::{Snapshot, StoreError};

use super::{Actor, Permission};
use crate::error::SiteError;
use crate::object::{Object, ObjectError};

impl Actor {
    /// The scope that the actor works in; `None`: everything.
    #[must_use]
    pub fn scope(&self) -> Option<&Name> {
        match self {
            Self::Token { rights, .. } => rights.scope.as_ref(),
            Self::Device(_) | Self::Point(_) | Self::EnrolmentToken(_) | Self::System => None,
        }
    }

    /// What lists show to the actor.
    pub(crate) fn within(&self) -> Within<'_> {
        Within(self.scope())
    }

    /// Whether the object is one of those that the actor works on. No statement for those who work on everything.
    pub(crate) async fn reaches(&self, snapshot: &mut Snapshot, object: &Object) -> Result<bool, StoreError> {
        match self.scope() {
            Some(scope) => scope::holds(snapshot, scope, object.kind, &object.name).await,
            None => Ok(true),
        }
    }

    /// Nothing when the actor may do this to `object`. What is outside of its scope looks as if it didn't exist.
    ///
    /// # Errors
    /// [`SiteError::Denied`], [`ObjectError::NotFound`], or the database's.
    pub(crate) async fn authorise_on<E: From<SiteError> + From<ObjectError>>(
        &self,
        snapshot: &mut Snapshot,
        permission: Permission,
        object: &Object,
    ) -> Result<(), E> {
        self.authorise(permission)?;
        if self.reaches(snapshot, object).await.map_err(SiteError::from)? {
            return Ok(());
        }
        Err(object.clone().not_found().into())
    }

    /// Nothing when the actor may do this whatever object it reaches: for what has effects beyond single objects.
    ///
    /// # Errors
    /// [`SiteError::Denied`], [`SiteError::OutOfScope`].
    pub(crate) fn authorise_everywhere(&self, permission: Permission) -> Result<(), SiteError> {
        self.authorise(permission)?;
        match self.scope() {
            Some(scope) => Err(SiteError::OutOfScope { actor: self.to_string(), permission, scope: scope.clone() }),
            None => Ok(()),
        }
    }
}
