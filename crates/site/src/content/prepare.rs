//! Prepares the update of one pair of contents and puts its objects into the store. What is known of it afterwards is the caller's
//! to keep, in the transaction that it belongs to.

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use dray_content::difference::Level;
use dray_content::update::prepare::{self, Contents, Folder, Options, Outcome, PrepareError, Prepared, Source};
use dray_content::{Manifest, ObjectName, Update, rebuild};
use dray_model::Digest;
use dray_model::api::content::UpdateLevel;
use dray_store::StoreError;
use dray_store::content::StoredObject;
use dray_store::content::update::StoredUpdate;

use super::progress::Steps;
use super::stored::{Materialised, StoredPacks};
use super::upload::{self, LoadError, Upload};
use crate::change::Change;
use crate::error::SiteError;
use crate::job::Progress;
use crate::site::Site;

/// Space that stays free on the disk of the site's folder.
const RESERVE_BYTES: u64 = 256 << 20;

/// How long the objects of an update stay that a better one replaced: downloads and points are at it.
const FORMER_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// What an update is prepared of.
pub(crate) struct Pair {
    /// What must be held.
    pub(crate) from: Arc<Manifest>,
    /// What is wanted.
    pub(crate) to: Arc<Manifest>,
    /// The manifest object of that.
    pub(crate) to_manifest: Digest,
    /// Where the files of `to` are, when they are at hand; else they are read from the store.
    pub(crate) folder: Option<PathBuf>,
    /// How thoroughly.
    pub(crate) level: UpdateLevel,
}

/// An update whose objects are in the store.
#[derive(Debug, Clone)]
pub(crate) struct StoredObjects {
    pub(crate) update: StoredUpdate,
    pub(crate) objects: Vec<StoredObject>,
}

/// An update whose packs are staged.
struct Made {
    prepared: Box<Prepared>,
    /// What points make the manifest of.
    manifest_difference: Option<Vec<u8>>,
}

/// Why there is no update of a pair. Clients get on without.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnpreparedError {
    /// The disk of the site's folder.
    #[error("not enough disk space in {}: preparing the update may take {needed_bytes} bytes, {free_bytes} are free", folder.display())]
    NoRoom {
        /// Where the work is done.
        folder: PathBuf,
        /// What it may take, with a reserve.
        needed_bytes: u64,
        /// What there is.
        free_bytes: u64,
    },
    /// The folder for the work.
    #[error("cannot use the folder {}", folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A manifest.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The making.
    #[error("cannot create the update")]
    Prepare(#[from] PrepareError),
    /// The server stops, or the making panicked.
    #[error("creating the update was stopped")]
    Stopped(#[from] tokio::task::JoinError),
    /// An object of it is just being removed, as one that nothing needed.
    #[error("an object of the update is being deleted from the content store at this moment")]
    InTheWay,
    /// The database or the content store.
    #[error(transparent)]
    Site(#[from] SiteError),
}

/// Prepares and stores; `None` when the update is not below `at_most` bytes in all, or no better than none.
pub(crate) async fn prepare(
    site: &Site,
    pair: Pair,
    work: &Path,
    at_most: Option<u64>,
    doing: &str,
    progress: &Progress,
) -> Result<Option<StoredObjects>, UnpreparedError> {
    let (steps, _cancel) = Steps::new(progress, doing);
    let (level, to) = (pair.level, pair.to.tree().digest());
    let making = {
        let (site, work) = (site.clone(), work.to_owned());
        tokio::task::spawn_blocking(move || make(&site, &pair, &work, &steps))
    };
    let Some(made) = making.await?? else { return Ok(None) };
    let prepared = &made.prepared;
    if at_most.is_some_and(|at_most| prepared.totals.fetch_bytes() >= at_most) {
        return Ok(None);
    }
    let update = StoredUpdate {
        to,
        from: prepared.update.from,
        level,
        object: prepared.digest,
        object_bytes: prepared.bytes.len() as u64,
        fetch_bytes: prepared.totals.fetch_bytes(),
        without_bytes: prepared.totals.without_bytes,
    };
    let objects = store(site, made).await?;
    Ok(Some(StoredObjects { update, objects }))
}

/// `None` when the update is not worth it. Blocks.
fn make(site: &Site, pair: &Pair, work: &Path, steps: &Steps) -> Result<Option<Made>, UnpreparedError> {
    let contents = work.join("contents");
    std::fs::create_dir_all(&contents)
        .map_err(|source| UnpreparedError::Folder { folder: contents.clone(), source })?;
    check_room(pair, work)?;
    let packs = StoredPacks::new(site);
    let from_store = Materialised::new(&pair.from, &packs, contents.clone());
    let to_store = Materialised::new(&pair.to, &packs, contents);
    let to_folder = pair.folder.as_deref().map(|folder| Folder::new(folder, pair.to.tree()));
    let to_contents: &dyn Contents = to_folder.as_ref().map_or(&to_store, |folder| folder);
    let old = Source { manifest: &pair.from, contents: &from_store };
    let new = Source { manifest: &pair.to, contents: to_contents };
    let staging = work.join(format!("update-{}", pair.from.tree().digest().short()));
    match prepare::prepare(&old, &new, &staging, &options(pair.level), steps)? {
        Outcome::NotWorthIt(_) => Ok(None),
        Outcome::Prepared(prepared) => {
            let manifest_difference = describe_manifest(pair, &prepared.update)?;
            Ok(Some(Made { prepared, manifest_difference }))
        }
    }
}

/// What points make the manifest of; `None` when this release would encode it otherwise than the one that wrote it.
fn describe_manifest(pair: &Pair, update: &Update) -> Result<Option<Vec<u8>>, PrepareError> {
    let manifest = pair.to.encode()?;
    if Digest::of(&manifest) != pair.to_manifest {
        return Ok(None);
    }
    let difference = rebuild::describe_manifest(&pair.from, &pair.to, update)?;
    Ok(Some(difference).filter(|difference| difference.len() < manifest.len()))
}

fn options(level: UpdateLevel) -> Options {
    let all = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    match level {
        UpdateLevel::Publish => Options { level: Level::Publish, threads: all, ..Options::default() },
        // Nobody waits for it, so the rest of the machine is left to what somebody waits for.
        UpdateLevel::Background => {
            let half = NonZeroUsize::new(all.get() / 2).unwrap_or(NonZeroUsize::MIN);
            Options { level: Level::Background, threads: half, ..Options::default() }
        }
    }
}

/// Whether there is space for the old contents that may become bases, the new ones unless they are at hand, and the packs.
fn check_room(pair: &Pair, work: &Path) -> Result<(), UnpreparedError> {
    let only_old = bytes_only_in(&pair.from, &pair.to);
    let only_new = bytes_only_in(&pair.to, &pair.from);
    let copies = if pair.folder.is_some() { 1 } else { 2 };
    let needed_bytes = only_old.saturating_add(only_new.saturating_mul(copies)).saturating_add(RESERVE_BYTES);
    let free_bytes =
        fs4::available_space(work).map_err(|source| UnpreparedError::Folder { folder: work.to_owned(), source })?;
    if free_bytes < needed_bytes {
        return Err(UnpreparedError::NoRoom { folder: work.to_owned(), needed_bytes, free_bytes });
    }
    Ok(())
}

fn bytes_only_in(this: &Manifest, other: &Manifest) -> u64 {
    let others: std::collections::HashSet<Digest> =
        other.tree().contents().into_iter().map(|(content, _)| content).collect();
    this.tree().contents().into_iter().filter(|(content, _)| !others.contains(content)).map(|(_, size)| size).sum()
}

async fn store(site: &Site, made: Made) -> Result<Vec<StoredObject>, UnpreparedError> {
    let Made { prepared, manifest_difference } = made;
    let mut uploads: Vec<(ObjectName, Upload)> = prepared
        .packs
        .into_iter()
        .map(|pack| (ObjectName::Pack(pack.digest), Upload::File(pack.path, pack.size)))
        .collect();
    uploads.extend(manifest_difference.map(|bytes| {
        let name = ObjectName::ManifestDifference(Digest::of(&bytes));
        (name, Upload::Bytes(bytes.into()))
    }));
    // The update comes last: where it is, its packs are.
    uploads.push((ObjectName::Update(prepared.digest), Upload::Bytes(prepared.bytes.into())));
    if !upload::begin(site, &uploads).await? {
        return Err(UnpreparedError::InTheWay);
    }
    let mut objects = Vec::with_capacity(uploads.len());
    for (name, upload) in uploads {
        objects.push(upload.as_object(&name));
        upload::store(site, &name, upload).await?;
    }
    Ok(objects)
}

impl StoredObjects {
    /// Makes the update known, in the place of a former one. False when one of its objects was removed meanwhile: take the change back.
    pub(crate) async fn keep(&self, change: &mut Change<'_>) -> Result<bool, StoreError> {
        let now = change.now();
        let kept =
            dray_store::content::update::keep(change, &self.update, &self.objects, now, now + FORMER_KEPT).await?;
        let level = match self.update.level {
            UpdateLevel::Publish => "publish",
            UpdateLevel::Background => "background",
        };
        metrics::counter!("dray_content_updates_prepared_total", "level" => level).increment(1);
        Ok(kept)
    }
}
