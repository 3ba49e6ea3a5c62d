//! Enrolment tokens.

use dray_model::api::device::{CreateEnrolmentToken, EnrolmentTokenView};
use dray_model::api::token::Issued;

use super::{Pages, SiteApi, path};
use crate::error::ClientError;

impl SiteApi {
    /// All enrolment tokens, without their secrets.
    pub fn enrolment_tokens(&self) -> Pages<'_, EnrolmentTokenView> {
        self.pages(path("/enrolment-tokens"))
    }

    /// Makes an enrolment token. Its text is told this once.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_enrolment_token(
        &self,
        create: &CreateEnrolmentToken,
    ) -> Result<Issued<EnrolmentTokenView>, ClientError> {
        self.post(path("/enrolment-tokens"), create).await
    }

    /// Withdraws an enrolment token; who enrolled with it stays.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn revoke_enrolment_token(&self, id: i64) -> Result<(), ClientError> {
        self.delete(path(format!("/enrolment-tokens/{id}"))).await
    }
}
