//! Takes a good object that an administrator brings, in the place of one that is known to be damaged or missing. Nothing else gets in.

use bytes::Bytes;
use dray_content::{Limits, ObjectName};
use dray_model::{Digest, ObjectKind};
use dray_store::content::damage;
use futures_util::{Stream, TryStreamExt as _};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::staging::Staging;
use super::upload::{self, Upload};
use super::{ContentError, failed};
use crate::actor::{Actor, Permission};
use crate::object::Object;
use crate::record::Record;
use crate::site::Site;

/// Takes the bytes of an object.
///
/// # Errors
/// [`ContentError::NotDamaged`], [`ContentError::OtherBytes`], [`ContentError::Broken`].
pub async fn restore(
    site: &Site,
    actor: &Actor,
    name: &ObjectName,
    body: impl Stream<Item = Result<Bytes, std::io::Error>>,
) -> Result<(), ContentError> {
    actor.authorise_everywhere(Permission::Manage(ObjectKind::Content))?;
    let mut snapshot = site.read(actor, Permission::Manage(ObjectKind::Content)).await?;
    if !damage::is_damaged(&mut snapshot, &name.to_string()).await? {
        return Err(ContentError::NotDamaged(*name));
    }
    drop(snapshot);
    let staging = Staging::receiving(site).map_err(failed_to_stage)?;
    let path = staging.path().join("object");
    let size_bytes = receive(name, body, &path).await?;
    let uploads = [(*name, Upload::File(path, size_bytes))];
    if !upload::begin(site, &uploads).await? {
        // It is just being removed, as one that nothing needs.
        return Err(ContentError::NotFound(*name));
    }
    let [(_, upload)] = uploads;
    upload::replace(site, name, upload).await?;
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Content)).await?;
    let object = Object::new(ObjectKind::Content, name);
    change.record(Record::done(object, "restore", json!({ "new": { "size_bytes": size_bytes } })));
    Ok(change.commit().await?)
}

/// Writes what comes to a file; tells its length when it is the object.
async fn receive(
    name: &ObjectName,
    body: impl Stream<Item = Result<Bytes, std::io::Error>>,
    path: &std::path::Path,
) -> Result<u64, ContentError> {
    let limits = Limits::default();
    let most = limits.pack_bytes_max.max(limits.manifest_bytes_max);
    let mut file = tokio::fs::File::create_new(path).await.map_err(failed_to_stage)?;
    let mut hasher = blake3::Hasher::new();
    let mut size_bytes = 0;
    let mut body = std::pin::pin!(body);
    while let Some(piece) = body.try_next().await.map_err(|error| ContentError::Broken(*name, error))? {
        size_bytes += piece.len() as u64;
        if size_bytes > most {
            return Err(ContentError::OtherBytes(*name));
        }
        hasher.update(&piece);
        file.write_all(&piece).await.map_err(failed_to_stage)?;
    }
    file.flush().await.map_err(failed_to_stage)?;
    if Digest::from(hasher.finalize()) == name.digest() { Ok(size_bytes) } else { Err(ContentError::OtherBytes(*name)) }
}

fn failed_to_stage(error: std::io::Error) -> crate::SiteError {
    failed("receive an object")(object_store::Error::Generic { store: "receiving", source: Box::new(error) })
}

#[cfg(test)]
mod tests;
