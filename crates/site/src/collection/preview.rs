//! Which devices would an expression mean? Nothing is saved.

use dray_model::ObjectKind;
use dray_model::api::collection::{CollectionPreview, PreviewCollection};
use dray_store::collection;

use super::{CollectionError, check};
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Devices named in the answer.
const SAMPLE: i64 = 20;

/// Counts the enrolled devices that the expression means, and names the first of them.
///
/// # Errors
/// [`CollectionError::Expression`].
pub async fn preview(
    site: &Site,
    actor: &Actor,
    command: PreviewCollection,
) -> Result<CollectionPreview, CollectionError> {
    actor.authorise_everywhere(Permission::Read(ObjectKind::Collection))?;
    let query = check::query(command.expression.as_str().to_owned()).await?;
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Collection)).await?;
    Ok(collection::matching(&mut snapshot, &query, SAMPLE).await?)
}
