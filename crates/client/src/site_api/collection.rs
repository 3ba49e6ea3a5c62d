//! Collections.

use ::http::Method;
use dray_model::Name;
use dray_model::api::collection::{
    ChangeCollection, CollectionMember, CollectionPreview, CollectionView, CreateCollection, PreviewCollection,
};

use super::{Pages, SiteApi, path};
use crate::error::ClientError;

impl SiteApi {
    /// All collections, by name.
    pub fn collections(&self) -> Pages<'_, CollectionView> {
        self.pages(path("/collections"))
    }

    /// One collection.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn collection(&self, name: &Name) -> Result<CollectionView, ClientError> {
        self.get(path(format!("/collections/{name}"))).await
    }

    /// Creates a collection.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_collection(&self, collection: &CreateCollection) -> Result<CollectionView, ClientError> {
        self.post(path("/collections"), collection).await
    }

    /// Changes `revision` of a collection.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn change_collection(
        &self,
        name: &Name,
        revision: u64,
        change: &ChangeCollection,
    ) -> Result<CollectionView, ClientError> {
        self.change(Method::PATCH, path(format!("/collections/{name}")), revision, change).await
    }

    /// Deletes a collection that nothing depends on.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn delete_collection(&self, name: &Name) -> Result<(), ClientError> {
        self.delete(path(format!("/collections/{name}"))).await
    }

    /// A collection's members, by name.
    pub fn collection_members(&self, name: &Name) -> Pages<'_, CollectionMember> {
        self.pages(path(format!("/collections/{name}/members")))
    }

    /// Computes the membership again, now.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn evaluate_collection(&self, name: &Name) -> Result<CollectionView, ClientError> {
        self.post(path(format!("/collections/{name}/evaluate")), &()).await
    }

    /// Tells which devices an expression reaches, without saving anything.
    ///
    /// # Errors
    /// [`ClientError`]; the refusal names the place in an expression that can't be used.
    pub async fn preview_collection(&self, preview: &PreviewCollection) -> Result<CollectionPreview, ClientError> {
        self.post(path("/collections/preview"), preview).await
    }
}
