//! The content store of the site, looking after it, and its objects themselves.

use std::time::Duration;

use ::http::Method;
use bytes::Bytes;
use dray_content::ObjectName;
use dray_model::Name;
use dray_model::api::content::{ContentDamage, ContentStats, PackageObjects};
use dray_model::api::package::JobStarted;

use super::{SiteApi, path};
use crate::error::ClientError;
use crate::http::Answer;

/// How long the upload of one object may take: 64 MiB over a line of 1 Mbit/s.
const UPLOAD_TIME: Duration = Duration::from_secs(600);

/// The bytes of an object as they arrive. Nothing is checked yet.
pub struct ObjectBody {
    answer: Answer,
}

impl ObjectBody {
    /// The next of them.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        self.answer.piece().await
    }
}

impl SiteApi {
    /// What the content store holds.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn content_stats(&self) -> Result<ContentStats, ClientError> {
        self.get(path("/content")).await
    }

    /// What is known to be damaged or missing in it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn content_damage(&self) -> Result<ContentDamage, ClientError> {
        self.get(path("/content/damage")).await
    }

    /// Has every object read, and mended where that can be.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn verify_content(&self) -> Result<JobStarted, ClientError> {
        self.post(path("/content/verify"), &()).await
    }

    /// Has removed what nothing needs.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn sweep_content(&self) -> Result<JobStarted, ClientError> {
        self.post(path("/content/sweep"), &()).await
    }

    /// Everything that a store or a point needs of a source version, of the newest one with files when none is said.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn package_objects(
        &self,
        package: &Name,
        source_version: Option<u32>,
    ) -> Result<PackageObjects, ClientError> {
        let objects = path(format!("/packages/{package}/objects"));
        let version = source_version.map(|version| version.to_string());
        self.get(version.iter().fold(objects, |objects, version| objects.query("source_version", version))).await
    }

    /// Begins to download an object.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn content_object(&self, object: &ObjectName) -> Result<ObjectBody, ClientError> {
        let answer = self.call(Method::GET, &path(format!("/content/objects/{object}")))?.send().await?;
        Ok(ObjectBody { answer })
    }

    /// Brings back an object that is known to be damaged or missing.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn restore_content_object(&self, object: &ObjectName, bytes: Vec<u8>) -> Result<(), ClientError> {
        let path = path(format!("/content/objects/{object}"));
        self.call(Method::PUT, &path)?.bytes(bytes.into()).wait(UPLOAD_TIME).send().await?;
        Ok(())
    }
}
