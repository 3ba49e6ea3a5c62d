//! Restores a backup into an empty folder and an empty database. The site knows at once that it returned.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use dray_model::{Name, ObjectKind, Timestamp};
use dray_store::audit::{self, Entry};
use dray_store::{Db, WriteTx, backup as rows, history};

use super::make::check;
use super::manifest::{ContentPart, Manifest};
use super::{BackupError, content, files, tables};
use crate::clock::Clock;
use crate::config::SiteConfig;
use crate::content_location::ContentLocation;
use crate::fresh;
use crate::history as eras;
use crate::keys::SiteKeys;

/// Largest manifest that is read, in bytes.
const MANIFEST_MAX: u64 = 64 << 20;

/// What becomes different from the site that was backed up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestoreOptions {
    /// Where the database is now.
    pub database: Option<String>,
    /// Where content is kept now.
    pub content: Option<ContentLocation>,
}

/// A site just restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Its folder.
    pub dir: PathBuf,
    /// Its name.
    pub site: Name,
    /// When the backup was made.
    pub made_at: Timestamp,
    /// Its content: in the backup, or where it has to be.
    pub content: ContentPart,
}

/// Restores the backup in the folder `from` into the folder `dir`, which must be empty or absent, as must the database be.
///
/// # Errors
/// [`BackupError`]; nothing is left in `dir` then, and the database is as it was but for empty tables.
pub async fn restore(
    from: &Path,
    dir: &Path,
    options: &RestoreOptions,
    clock: &Clock,
) -> Result<Restored, BackupError> {
    if !fresh::is_free(dir) {
        return Err(BackupError::NotEmpty(dir.to_owned()));
    }
    let manifest = read_manifest(from)?;
    check(from, &manifest).await?;
    let staging = fresh::beside(dir);
    let filled = fill(from, &staging, dir, &manifest, options, clock).await;
    let moved = filled.and_then(|()| fresh::place(&staging, dir).map_err(files::failed("make", dir)));
    if moved.is_err() {
        let _ = fs::remove_dir_all(&staging);
    }
    moved?;
    let Manifest { site, made_at, content, .. } = manifest;
    Ok(Restored { dir: dir.to_owned(), site, made_at, content })
}

fn read_manifest(from: &Path) -> Result<Manifest, BackupError> {
    #[derive(serde::Deserialize)]
    struct Head {
        format: u32,
    }
    let path = from.join(Manifest::FILE);
    let length = fs::metadata(&path).map_err(files::failed("read", &path))?.len();
    if length > MANIFEST_MAX {
        return Err(files::damaged(&path, format!("has {length} bytes")));
    }
    let bytes = fs::read(&path).map_err(files::failed("read", &path))?;
    let unreadable = |error: serde_json::Error| files::damaged(&path, format!("is no manifest: {error}"));
    let Head { format } = serde_json::from_slice(&bytes).map_err(unreadable)?;
    if format > Manifest::FORMAT {
        return Err(BackupError::Newer { found: format, known: Manifest::FORMAT });
    }
    serde_json::from_slice(&bytes).map_err(unreadable)
}

async fn fill(
    from: &Path,
    staging: &Path,
    dir: &Path,
    manifest: &Manifest,
    options: &RestoreOptions,
    clock: &Clock,
) -> Result<(), BackupError> {
    files::make_folder(&staging.join("keys"))?;
    for part in &manifest.files {
        files::inside(staging, &part.path)?;
        files::copy(from, staging, &part.path)?;
    }
    SiteKeys::load(&staging.join("keys"))?;
    let config = configure(staging, options)?;
    if let (ContentPart::Included { .. }, Some(store)) = (&manifest.content, config.content.folder_in(staging)) {
        content::copy(&from.join("content"), &store, &content::names(&from.join("content"))?)?;
    }
    fill_database(from, &config.database_in(staging), dir, manifest, clock()).await?;
    for path in ["keys", "."] {
        files::sync_folder(&staging.join(path))?;
    }
    Ok(())
}

/// Writes what is different into `site.toml`.
fn configure(staging: &Path, options: &RestoreOptions) -> Result<SiteConfig, BackupError> {
    let mut config = SiteConfig::load(staging)?;
    if options.database.is_none() && options.content.is_none() {
        return Ok(config);
    }
    if let Some(database) = &options.database {
        config.database.clone_from(database);
    }
    if let Some(content) = &options.content {
        config.content = content.clone();
    }
    let path = staging.join(SiteConfig::FILE);
    let text = toml::to_string(&config).expect("the configuration is plain texts");
    fs::remove_file(&path).map_err(files::failed("write", &path))?;
    let mut file = files::create(&path)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(files::failed("write", &path))?;
    Ok(config)
}

async fn fill_database(
    from: &Path,
    address: &str,
    dir: &Path,
    manifest: &Manifest,
    now: Timestamp,
) -> Result<(), BackupError> {
    let db = Db::open_with_schema(address, manifest.schema, now).await?;
    let mut tx = db.write().await?;
    if !rows::is_empty(&mut tx).await? {
        return Err(BackupError::DatabaseInUse(without_secrets(address)));
    }
    for part in &manifest.tables {
        tables::load(&mut tx, from, part).await?;
    }
    tx.commit().await?;
    db.migrate(now).await?;
    let mut tx = db.write().await?;
    go_on(&mut tx, dir, manifest, now).await?;
    tx.commit().await?;
    db.close().await;
    Ok(())
}

/// The site returns, and the audit log says so.
async fn go_on(tx: &mut WriteTx, dir: &Path, manifest: &Manifest, now: Timestamp) -> Result<(), BackupError> {
    let copied_at = history::noted_before(tx, Timestamp::MAX).await?.unwrap_or(manifest.made_at);
    let cause = format!("it was restored from a backup of {}", manifest.made_at);
    let mut detail = eras::restored(tx, &eras::Restored { copied_at, cause: &cause, now }).await?;
    detail["new"]["folder"] = dir.display().to_string().into();
    let entry = Entry {
        at: now,
        actor: "system",
        action: "site.restore",
        object_kind: ObjectKind::Site.as_str(),
        object_name: manifest.site.as_str(),
        detail: &detail,
    };
    Ok(audit::append(tx, &entry).await?)
}

/// An address without the password that may stand in it.
fn without_secrets(address: &str) -> String {
    match address.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
        Some((scheme, place)) => format!("{scheme}://…@{place}"),
        None => address.to_owned(),
    }
}
