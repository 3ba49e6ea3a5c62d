//! Members that the site has forgotten.

use dray_model::Name;
use dray_model::api::quarantine::{QuarantineOutcome, QuarantinedView};

use super::{Pages, SiteApi, path};
use crate::error::ClientError;

impl SiteApi {
    /// Members that wait to be accepted or were refused, by their identity.
    pub fn quarantine(&self) -> Pages<'_, QuarantinedView> {
        self.pages(path("/quarantine"))
    }

    /// Accepts the member with this identity, or the only one that calls itself so.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn accept_member(&self, name: &Name) -> Result<QuarantinedView, ClientError> {
        self.post(path(format!("/quarantine/{name}/accept")), &()).await
    }

    /// Accepts members that wait, up to 500 at once; fewer means that these were all.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn accept_quarantine(&self) -> Result<QuarantineOutcome, ClientError> {
        self.post(path("/quarantine/accept"), &()).await
    }

    /// Refuses the member with this identity, or the only one that calls itself so, for good.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn refuse_member(&self, name: &Name) -> Result<QuarantinedView, ClientError> {
        self.post(path(format!("/quarantine/{name}/refuse")), &()).await
    }

    /// Refuses members that wait, up to 500 at once; fewer means that these were all.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn refuse_quarantine(&self) -> Result<QuarantineOutcome, ClientError> {
        self.post(path("/quarantine/refuse"), &()).await
    }
}
