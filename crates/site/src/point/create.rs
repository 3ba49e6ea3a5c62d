//! Makes a distribution point. It enrols on its own, with a token made for it.

use dray_model::api::point::{CreatePoint, PointView};
use dray_store::point;
use serde_json::json;

use super::{KIND, PointError, SITE_NAME, url};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::site::Site;

/// Makes a point.
///
/// # Errors
/// [`PointError::NameTaken`], [`PointError::Url`].
pub async fn create(site: &Site, actor: &Actor, command: CreatePoint) -> Result<PointView, PointError> {
    let mut change = site.change(actor, Permission::ManagePoints).await?;
    let made = PointView {
        name: command.name,
        revision: 1,
        title: command.title,
        url: url::check(&command.url)?,
        enabled: true,
        enrolled_at: None,
        seen_at: None,
        packages: 0,
        created_at: change.now(),
    };
    if made.name.as_str() == SITE_NAME {
        return Err(PointError::NameTaken(made.name));
    }
    point::insert(&mut change, &made).await.map_err(|error| {
        if error.is_conflict_on("point", "primary key") {
            PointError::NameTaken(made.name.clone())
        } else {
            error.into()
        }
    })?;
    let note = Note {
        object_kind: KIND,
        object_name: made.name.to_string(),
        action: "point.create",
        detail: json!({ "new": made }),
    };
    change.commit(&note).await?;
    Ok(made)
}
