//! Administrators' tokens.

use dray_model::Name;
use dray_model::api::token::{CreateToken, Issued, Token};

use super::{Pages, SiteApi, path};
use crate::error::ClientError;

impl SiteApi {
    /// All administrators' tokens, without their secrets.
    pub fn tokens(&self) -> Pages<'_, Token> {
        self.pages(path("/tokens"))
    }

    /// Makes a token. Its text is told this once.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_token(&self, create: &CreateToken) -> Result<Issued<Token>, ClientError> {
        self.post(path("/tokens"), create).await
    }

    /// Revokes a token, at once.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn revoke_token(&self, name: &Name) -> Result<(), ClientError> {
        self.delete(path(format!("/tokens/{name}"))).await
    }
}
