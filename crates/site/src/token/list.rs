//! Lists administrator tokens, revoked ones included.

use dray_model::ObjectKind;
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
    actor.authorise_everywhere(Permission::Read(ObjectKind::Token))?;
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Token)).await?;
    Ok(dray_store::token::list(&mut snapshot, page).await?)
}
