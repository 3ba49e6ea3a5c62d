//! Puts the packs and the manifest of a read source into the content store, and makes the content known.

use bytes::Bytes;
use dray_content::ObjectName;
use dray_model::Digest;
use dray_store::content::{self, StoredContent, StoredObject};
use futures_util::{StreamExt as _, TryStreamExt as _};

use super::read::Files;
use crate::change::Change;
use crate::content::upload::{self, Upload};
use crate::error::SiteError;
use crate::job::{JobFailure, Progress};
use crate::site::Site;

/// Objects that are stored side by side. Each may take three parts of 8 MiB in memory on its way into a bucket.
const PARALLEL: usize = 2;

/// What became of the objects of a read source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// Nothing: the same content is known already, from another package perhaps.
    Known,
    /// They are in the store, so many bytes of packs among them that were not.
    Now(u64),
}

impl Stored {
    pub(super) fn new_bytes(self) -> u64 {
        match self {
            Self::Known => 0,
            Self::Now(bytes) => bytes,
        }
    }
}

/// Stores what is new.
pub(super) async fn store(site: &Site, files: &Files, progress: &Progress) -> Result<Stored, JobFailure> {
    if content::find(&mut site.db().read().await?, &files.ingested.content).await?.is_some() {
        return Ok(Stored::Known);
    }
    let mut uploads = uploads(files);
    if !upload::begin(site, &uploads).await? {
        return Err(in_the_way());
    }
    let total: u64 = uploads.iter().map(|(_, upload)| upload.size_bytes()).sum();
    let mut done = 0;
    progress.tell("storing", done, Some(total));
    // The manifest comes last: where it is, its packs are.
    let manifest = uploads.pop().expect("there is always a manifest");
    let mut stored =
        futures_util::stream::iter(uploads).map(|upload| store_one(site.clone(), upload)).buffer_unordered(PARALLEL);
    while let Some(size_bytes) = stored.try_next().await? {
        done += size_bytes;
        progress.tell("storing", done, Some(total));
    }
    store_one(site.clone(), manifest).await?;
    Ok(Stored::Now(files.ingested.totals.stored_bytes))
}

async fn store_one(site: Site, (name, upload): (ObjectName, Upload)) -> Result<u64, SiteError> {
    let size_bytes = upload.size_bytes();
    upload::store(&site, &name, upload).await?;
    Ok(size_bytes)
}

/// Makes the content known, unless another package did meanwhile, and tells the digest of its manifest.
pub(super) async fn keep(change: &mut Change<'_>, files: &Files, stored: Stored) -> Result<Digest, JobFailure> {
    let ingested = &files.ingested;
    if let Some(known) = content::find(change, &ingested.content).await? {
        return Ok(known.manifest);
    }
    if stored == Stored::Known {
        // The package that it was known from is deleted since.
        return Err(in_the_way());
    }
    let content = StoredContent {
        digest: ingested.content,
        manifest: ingested.manifest_digest,
        manifest_bytes: ingested.manifest_bytes.len() as u64,
        size_bytes: ingested.totals.bytes,
        files: ingested.totals.files,
        requires: ingested.manifest.tree().requires(),
        not_carried: ingested.not_carried.clone(),
    };
    let packs = ingested.manifest.packs().iter().map(|pack| (ObjectName::Pack(pack.digest), pack.size));
    let manifest = (ObjectName::Manifest(ingested.manifest_digest), content.manifest_bytes);
    let objects: Vec<_> = packs.chain([manifest]).map(|(name, size_bytes)| object(&name, size_bytes)).collect();
    let now = change.now();
    if content::keep(change, &content, &objects, now).await? { Ok(content.manifest) } else { Err(in_the_way()) }
}

/// New packs, then the manifest.
fn uploads(files: &Files) -> Vec<(ObjectName, Upload)> {
    let ingested = &files.ingested;
    let packs =
        ingested.packs.iter().map(|pack| (ObjectName::Pack(pack.digest), Upload::File(pack.path.clone(), pack.size)));
    let manifest = Upload::Bytes(Bytes::copy_from_slice(&ingested.manifest_bytes));
    packs.chain([(ObjectName::Manifest(ingested.manifest_digest), manifest)]).collect()
}

fn object(name: &ObjectName, size_bytes: u64) -> StoredObject {
    StoredObject { name: name.to_string(), size_bytes }
}

pub(super) fn in_the_way() -> JobFailure {
    JobFailure::Passing("an object of this content is being deleted from the content store at this moment".to_owned())
}
