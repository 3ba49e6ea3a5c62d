//! Makes a backup of a site, whether or not it is served meanwhile.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use dray_model::ObjectKind;
use dray_store::audit::{self, Entry};
use dray_store::{Snapshot, backup as rows, feed};
use serde_json::json;

use super::manifest::{ContentPart, FilePart, Manifest};
use super::{BackupError, content, files, tables};
use crate::actor::Actor;
use crate::config::{AdminProfile, SiteConfig};
use crate::fresh;
use crate::site::Site;

/// A backup just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Where it is.
    pub path: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
}

/// Backs the site in `dir` up into the folder `to`, with its content if asked for. Everything in the database is from one instant. The
/// backup is read again before it gets its name.
///
/// # Errors
/// [`BackupError`]; nothing is left at `to` then.
pub async fn backup(site: &Site, to: &Path, with_content: bool) -> Result<Made, BackupError> {
    if fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let store = site.config().content.folder_in(site.dir());
    if with_content && store.is_none() {
        return Err(BackupError::ContentElsewhere(site.config().content.to_string()));
    }
    let staging = fresh::beside(to);
    let made = fill(site, &staging, store.filter(|_| with_content).as_deref()).await;
    let moved =
        made.and_then(|manifest| fresh::place(&staging, to).map_err(files::failed("make", to)).map(|()| manifest));
    if moved.is_err() {
        let _ = fs::remove_dir_all(&staging);
    }
    let manifest = moved?;
    note(site, to, &manifest).await?;
    Ok(Made { path: to.to_owned(), manifest })
}

async fn fill(site: &Site, folder: &Path, store: Option<&Path>) -> Result<Manifest, BackupError> {
    for path in [folder.to_owned(), folder.join("keys"), folder.join("database")] {
        files::make_folder(&path)?;
    }
    let made_at = site.now();
    let mut snapshot = site.db().read().await?;
    let manifest = Manifest {
        format: Manifest::FORMAT,
        site: site.name().clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made_at,
        schema: rows::schema(&mut snapshot).await?,
        number: feed::sequences(&mut snapshot).await?.newest,
        files: copy_files(site.dir(), folder)?,
        tables: write_tables(&mut snapshot, folder).await?,
        content: copy_content(site, &mut snapshot, folder, store).await?,
    };
    drop(snapshot);
    write_manifest(folder, &manifest)?;
    check(folder, &manifest).await?;
    for path in ["keys", "database", "."] {
        files::sync_folder(&folder.join(path))?;
    }
    Ok(manifest)
}

fn copy_files(dir: &Path, folder: &Path) -> Result<Vec<FilePart>, BackupError> {
    let mut parts = vec![files::copy(dir, folder, SiteConfig::FILE)?];
    if dir.join(AdminProfile::FILE).exists() {
        parts.push(files::copy(dir, folder, AdminProfile::FILE)?);
    }
    let keys = dir.join("keys");
    for entry in fs::read_dir(&keys).map_err(files::failed("read", &keys))? {
        let name = entry.map_err(files::failed("read", &keys))?.file_name();
        parts.push(files::copy(dir, folder, &format!("keys/{}", name.to_string_lossy()))?);
    }
    Ok(parts)
}

async fn write_tables(snapshot: &mut Snapshot, folder: &Path) -> Result<Vec<super::manifest::TablePart>, BackupError> {
    let mut parts = Vec::with_capacity(rows::TABLES.len());
    for table in rows::TABLES {
        parts.push(tables::write(snapshot, folder, table).await?);
    }
    Ok(parts)
}

async fn copy_content(
    site: &Site,
    snapshot: &mut Snapshot,
    folder: &Path,
    store: Option<&Path>,
) -> Result<ContentPart, BackupError> {
    let Some(store) = store else {
        return Ok(ContentPart::LeftOut { location: site.config().content.to_string() });
    };
    let names = rows::content_objects(snapshot).await?;
    let names: Vec<_> = names.iter().filter_map(|name| name.parse().ok()).collect();
    content::copy(store, &folder.join("content"), &names)
}

fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let path = folder.join(Manifest::FILE);
    let text = serde_json::to_vec_pretty(manifest).expect("a manifest is plain texts and numbers");
    let mut file = files::create(&path)?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(files::failed("write", &path))
}

/// Reads everything in a backup again.
pub(super) async fn check(folder: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    for part in &manifest.files {
        files::check(folder, part)?;
    }
    for part in &manifest.tables {
        files::check(folder, &part.file)?;
        tables::check(folder, part).await?;
    }
    content::check(&folder.join("content"), &manifest.content)
}

/// Tells the audit log: anyone who has the backup has the site's keys.
async fn note(site: &Site, to: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let mut tx = site.db().write().await?;
    let (made_at, number) = (manifest.made_at, manifest.number);
    let detail = json!({ "new": { "path": to.display().to_string(), "made_at": made_at, "number": number } });
    let entry = Entry {
        at: site.now(),
        actor: &Actor::System.to_string(),
        action: "site.backup",
        object_kind: ObjectKind::Site.as_str(),
        object_name: site.name().as_str(),
        detail: &detail,
    };
    audit::append(&mut tx, &entry).await?;
    Ok(tx.commit().await?)
}
