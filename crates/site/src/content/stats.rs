//! What the content store holds: for administrators, and for monitoring.

use dray_model::ObjectKind;
use dray_model::api::content::ContentStats;

use crate::actor::{Actor, Permission};
use crate::error::SiteError;
use crate::site::Site;

/// What the database knows of it.
///
/// # Errors
/// Only what can happen to any operation.
pub async fn stats(site: &Site, actor: &Actor) -> Result<ContentStats, SiteError> {
    actor.authorise_everywhere(Permission::Read(ObjectKind::Content))?;
    Ok(dray_store::content::stats(&mut site.read(actor, Permission::Read(ObjectKind::Content)).await?).await?)
}

/// Tells monitoring.
pub(crate) async fn measure(site: &Site) -> Result<(), SiteError> {
    let stats = stats(site, &Actor::System).await?;
    let kinds = [
        ("manifests", stats.manifests),
        ("packs", stats.packs),
        ("updates", stats.updates),
        ("segments", stats.segments),
        ("manifest-differences", stats.manifest_differences),
        ("unneeded", stats.unneeded),
    ];
    for (kind, sums) in kinds {
        // A gauge is a float; sizes of stores are far from where that loses whole kilobytes.
        metrics::gauge!("dray_content_store_bytes", "kind" => kind).set(sums.bytes as f64);
    }
    metrics::gauge!("dray_content_damaged_objects").set(stats.damaged.count as f64);
    Ok(())
}
