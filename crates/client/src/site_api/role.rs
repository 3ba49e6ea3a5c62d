//! Roles.

use ::http::Method;
use dray_model::Name;
use dray_model::api::role::{ChangeRole, CreateRole, RoleView};

use super::{Pages, SiteApi, path};
use crate::error::ClientError;

impl SiteApi {
    /// All roles, by name.
    pub fn roles(&self) -> Pages<'_, RoleView> {
        self.pages(path("/roles"))
    }

    /// One role.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn role(&self, name: &Name) -> Result<RoleView, ClientError> {
        self.get(path(format!("/roles/{name}"))).await
    }

    /// Creates a role.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_role(&self, role: &CreateRole) -> Result<RoleView, ClientError> {
        self.post(path("/roles"), role).await
    }

    /// Changes `revision` of a role.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn change_role(&self, name: &Name, revision: u64, change: &ChangeRole) -> Result<RoleView, ClientError> {
        self.change(Method::PATCH, path(format!("/roles/{name}")), revision, change).await
    }

    /// Deletes a role.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn delete_role(&self, name: &Name) -> Result<(), ClientError> {
        self.delete(path(format!("/roles/{name}"))).await
    }
}
