//! Packages and their releases.

use ::http::Method;
use dray_model::Name;
use dray_model::api::content::PackageUpdates;
use dray_model::api::package::{
    ChangePackage, CreatePackage, DistributePackage, JobStarted, PackageView, ReleaseView, UpdatePackage,
};
use dray_model::api::point::PointPackageView;

use super::{Pages, SiteApi, path};
use crate::error::ClientError;

impl SiteApi {
    /// All packages, by name.
    pub fn packages(&self) -> Pages<'_, PackageView> {
        self.pages(path("/packages"))
    }

    /// One package.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn package(&self, name: &Name) -> Result<PackageView, ClientError> {
        self.get(path(format!("/packages/{name}"))).await
    }

    /// Creates a package; with source files its first release is published by the job in `publishing`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_package(&self, package: &CreatePackage) -> Result<PackageView, ClientError> {
        self.post(path("/packages"), package).await
    }

    /// Changes `revision` of a package.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn change_package(
        &self,
        name: &Name,
        revision: u64,
        change: &ChangePackage,
    ) -> Result<PackageView, ClientError> {
        self.change(Method::PATCH, path(format!("/packages/{name}")), revision, change).await
    }

    /// Deletes a package that nothing depends on.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn delete_package(&self, name: &Name) -> Result<(), ClientError> {
        self.delete(path(format!("/packages/{name}"))).await
    }

    /// Reads the source folder again and publishes what is in it as the next source version.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn update_package(&self, name: &Name, how: &UpdatePackage) -> Result<JobStarted, ClientError> {
        self.post(path(format!("/packages/{name}/update")), how).await
    }

    /// Has the updates to the newest content prepared as well as can be, in the background.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn improve_package(&self, name: &Name) -> Result<JobStarted, ClientError> {
        self.post(path(format!("/packages/{name}/improve")), &()).await
    }

    /// The updates to a package's newest content, those that move the fewest bytes first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn package_updates(&self, name: &Name) -> Result<PackageUpdates, ClientError> {
        self.get(path(format!("/packages/{name}/updates"))).await
    }

    /// A package's releases, the newest first.
    pub fn releases(&self, name: &Name) -> Pages<'_, ReleaseView> {
        self.pages(path(format!("/packages/{name}/releases")))
    }

    /// The distribution points that a package is on, and where they are with it.
    pub fn package_points(&self, name: &Name) -> Pages<'_, PointPackageView> {
        self.pages(path(format!("/packages/{name}/points")))
    }

    /// Puts a package on all of these points, or on none when one doesn't exist.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn distribute_package(&self, name: &Name, points: &DistributePackage) -> Result<(), ClientError> {
        self.post_quietly(path(format!("/packages/{name}/distribute")), points).await
    }
}
