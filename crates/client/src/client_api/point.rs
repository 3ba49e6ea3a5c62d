//! What a distribution point is to hold, and where it is with it.

use ::http::Method;
use dray_model::api::client::{PointAssignments, PointReports};
use dray_model::point::PointReport;

use super::{ClientApi, Held};
use crate::error::ClientError;

/// Most contents in one report.
pub const POINT_REPORTS_MAX: usize = 1000;

impl ClientApi {
    /// What the calling point is to hold, once it is something else than `etag` names.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn point_assignments(
        &self,
        etag: Option<&str>,
        wait_s: u32,
    ) -> Result<Held<PointAssignments>, ClientError> {
        match self.held("/client/v1/point/assignments", etag, wait_s, Vec::new()).await? {
            Held::NotModified => Ok(Held::NotModified),
            Held::Changed { etag, value } => Ok(Held::Changed { etag, value: value.json().await? }),
        }
    }

    /// Tells the site where the calling point is with at most [`POINT_REPORTS_MAX`] contents.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn point_reports(&self, reports: Vec<PointReport>) -> Result<(), ClientError> {
        self.call(Method::POST, "/client/v1/point/reports")?.json(&PointReports { reports }).send().await?;
        Ok(())
    }
}
