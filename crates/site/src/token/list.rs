//! Lists administrator tokens, revoked ones included.

use dray_model::api::page::{Page, PageRequest};
use dray_model::api::token::Token;

use super::TokenError;
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Tokens by name.
///
/// # Errors
/// Only what can happen to any operation.
pub async fn list(site: &Site, actor: &Actor, page: &PageRequest) -> Result<Page<Token>, TokenError> {
    let mut snapshot = site.read(actor, Permission::ManageTokens).await?;
    Ok(dray_store::token::list(&mut snapshot, page).await?)
}
