//! Distribution points and the packages on them.

use ::http::Method;
use dray_model::Name;
use dray_model::api::point::{ChangePoint, CreatePoint, PointPackageView, PointView};

use super::{Pages, SiteApi, path};
use crate::error::ClientError;

impl SiteApi {
    /// All distribution points, by name.
    pub fn points(&self) -> Pages<'_, PointView> {
        self.pages(path("/points"))
    }

    /// One distribution point.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn point(&self, name: &Name) -> Result<PointView, ClientError> {
        self.get(path(format!("/points/{name}"))).await
    }

    /// Creates a distribution point; it then enrols with a token made for it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_point(&self, point: &CreatePoint) -> Result<PointView, ClientError> {
        self.post(path("/points"), point).await
    }

    /// Changes `revision` of a distribution point.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn change_point(
        &self,
        name: &Name,
        revision: u64,
        change: &ChangePoint,
    ) -> Result<PointView, ClientError> {
        self.change(Method::PATCH, path(format!("/points/{name}")), revision, change).await
    }

    /// Deletes a distribution point.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn delete_point(&self, name: &Name) -> Result<(), ClientError> {
        self.delete(path(format!("/points/{name}"))).await
    }

    /// The packages on a point and where it is with them.
    pub fn point_packages(&self, point: &Name) -> Pages<'_, PointPackageView> {
        self.pages(path(format!("/points/{point}/packages")))
    }

    /// Puts a package on a point; nothing changes when it is already there.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn distribute(&self, point: &Name, package: &Name) -> Result<(), ClientError> {
        self.put(path(format!("/points/{point}/packages/{package}"))).await
    }

    /// Takes a package from a point.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn withdraw(&self, point: &Name, package: &Name) -> Result<(), ClientError> {
        self.delete(path(format!("/points/{point}/packages/{package}"))).await
    }
}
