//! Scopes and what is in them.

use dray_model::Name;
use dray_model::api::scope::{CreateScope, ScopeObject, ScopeView};

use super::{Pages, SiteApi, path};
use crate::error::ClientError;

impl SiteApi {
    /// All scopes, by name.
    pub fn scopes(&self) -> Pages<'_, ScopeView> {
        self.pages(path("/scopes"))
    }

    /// One scope.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn scope(&self, name: &Name) -> Result<ScopeView, ClientError> {
        self.get(path(format!("/scopes/{name}"))).await
    }

    /// Creates a scope, with nothing in it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_scope(&self, scope: &CreateScope) -> Result<ScopeView, ClientError> {
        self.post(path("/scopes"), scope).await
    }

    /// Deletes a scope.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn delete_scope(&self, name: &Name) -> Result<(), ClientError> {
        self.delete(path(format!("/scopes/{name}"))).await
    }

    /// What is in a scope, by kind and name.
    pub fn scope_objects(&self, scope: &Name) -> Pages<'_, ScopeObject> {
        self.pages(path(format!("/scopes/{scope}/objects")))
    }

    /// Puts an object into a scope; nothing changes when it is in it already.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn add_to_scope(&self, scope: &Name, object: &ScopeObject) -> Result<(), ClientError> {
        self.put(path(format!("/scopes/{scope}/objects/{}/{}", object.kind.as_str(), object.name))).await
    }

    /// Takes an object out of a scope; nothing changes when it isn't in it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn remove_from_scope(&self, scope: &Name, object: &ScopeObject) -> Result<(), ClientError> {
        self.delete(path(format!("/scopes/{scope}/objects/{}/{}", object.kind.as_str(), object.name))).await
    }
}
