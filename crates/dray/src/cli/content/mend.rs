//! Damaged and missing objects of a store made again from the folders that were ingested.
//!
//! First manifests, by reading the folders again: the same bytes come out when the store knew as much as then, else another manifest
//! of the same content takes the place. Then packs, from what is left of them and the bytes of the folders. An object is replaced only
//! by one whose digest is right. Updates are not made again here: receivers do without.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::path::PathBuf;

use dray_content::ingest::KnownChunks;
use dray_content::mend::{self, Mended};
use dray_content::store::FolderStore;
use dray_content::{Manifest, ObjectName};
use dray_model::Digest;
use serde::Serialize;

use super::check::{Problem, State, check};
use super::progress::Work;
use super::source::{Reading, Source, Staged, known_chunks};
use super::store::cannot;
use crate::error::Outcome;
use crate::output::{bytes, count};

/// A store and the folders that it was made of.
pub(super) struct Mending<'a> {
    store: &'a FolderStore,
    sources: Vec<Source>,
}

/// An object that is good again.
#[derive(Debug, Serialize)]
pub(super) struct Remade {
    object: ObjectName,
    /// The manifest that took the place of a damaged one.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced_by: Option<ObjectName>,
}

impl<'a> Mending<'a> {
    /// Opens the folders.
    pub(super) fn new(store: &'a FolderStore, sources: &[PathBuf]) -> Outcome<Self> {
        let sources = sources.iter().map(|path| Source::open(path, None)).collect::<Outcome<_>>()?;
        Ok(Self { store, sources })
    }

    /// Mends what can be; tells that and what is left.
    pub(super) fn run(&self, problems: Vec<Problem>, work: &Work) -> Outcome<(Vec<Remade>, Vec<Problem>)> {
        let is_manifest = |problem: &Problem| matches!(problem.object, ObjectName::Manifest(_));
        let (manifests, others): (Vec<_>, Vec<_>) = problems.into_iter().partition(is_manifest);
        let mut made = Vec::new();
        let mut problems = others;
        if !manifests.is_empty() {
            made = self.manifests(&manifests, work)?;
            // What the new manifests need is known only now.
            problems = check(self.store, work)?.problems;
        }
        let mut left = Vec::new();
        for mut problem in problems {
            match problem.object {
                ObjectName::Pack(digest) => match self.pack(&digest, &problem)? {
                    Mended::Whole => made.push(Remade { object: problem.object, replaced_by: None }),
                    other => {
                        problem.why.push_str("; ");
                        problem.why.push_str(&shortcoming(other));
                        left.push(problem);
                    }
                },
                ObjectName::Manifest(_) | ObjectName::Update(_) | ObjectName::ManifestDifference(_) => {
                    left.push(problem);
                }
            }
        }
        Ok((made, left))
    }

    fn manifests(&self, damaged: &[Problem], work: &Work) -> Outcome<Vec<Remade>> {
        let mut left: BTreeMap<ObjectName, Option<Digest>> = BTreeMap::new();
        for problem in damaged {
            left.insert(problem.object, problem.needed_by.first().copied());
        }
        let mut made = Vec::new();
        for source in &self.sources {
            // As it would be today, and as it was when nothing else was there.
            let knowns = [known_chunks(self.store)?, KnownChunks::default()];
            let mut as_today = None;
            for known in knowns {
                if left.is_empty() {
                    return Ok(made);
                }
                let staged = source.stage(self.store, &known, Reading::again(), work)?;
                let manifest = ObjectName::Manifest(staged.ingested.manifest_digest);
                if left.remove(&manifest).is_some() {
                    staged.keep(self.store)?;
                    made.push(Remade { object: manifest, replaced_by: None });
                    as_today = None;
                    break;
                }
                as_today = as_today.or(Some(staged));
            }
            if let Some(staged) = as_today {
                made.extend(self.replace(staged, &mut left)?);
            }
        }
        Ok(made)
    }

    /// Takes another manifest in the place of a damaged one for the same content.
    fn replace(&self, staged: Staged, left: &mut BTreeMap<ObjectName, Option<Digest>>) -> Outcome<Option<Remade>> {
        let of = Some(staged.ingested.content);
        let Some(damaged) = left.iter().find(|(_, content)| **content == of).map(|(name, _)| *name) else {
            return Ok(None);
        };
        let replaced_by = Some(ObjectName::Manifest(staged.ingested.manifest_digest));
        staged.keep(self.store)?;
        self.store.objects().remove(&damaged)?;
        left.remove(&damaged);
        Ok(Some(Remade { object: damaged, replaced_by }))
    }

    fn pack(&self, digest: &Digest, problem: &Problem) -> Outcome<Mended> {
        let name = ObjectName::Pack(*digest);
        let mut manifests: Vec<Manifest> = Vec::new();
        for content in &problem.needed_by {
            if let Some(manifest) = self.store.find_manifest(content)? {
                manifests.push(self.store.manifest(&manifest, content)?);
            }
        }
        let folders = self.sources.iter().map(Source::folder);
        let sources: Vec<_> = folders
            .flat_map(|folder| manifests.iter().map(move |manifest| mend::Source::folder(folder, manifest)))
            .collect();
        let damaged = match problem.state {
            State::Damaged => File::open(self.store.objects().path(&name)).ok(),
            State::Missing => None,
        };
        let incoming = self.store.incoming()?;
        let path = incoming.path().join(digest.to_string());
        let failed = |error| cannot("write", &path, &error);
        let mut out = File::options().read(true).write(true).create_new(true).open(&path).map_err(failed)?;
        let mended = mend::mend(digest, damaged, &sources, &mut out, self.store.limits()).map_err(failed)?;
        if mended == Mended::Whole {
            self.store.put_file(&name, &path)?;
        } else {
            fs::remove_file(&path).map_err(failed)?;
        }
        Ok(mended)
    }
}

fn shortcoming(mended: Mended) -> String {
    match mended {
        Mended::Whole => "it is intact again".to_owned(),
        Mended::Lacking { chunks, bytes: lacking } => {
            let chunks = count(chunks, "chunk");
            format!("{chunks} of it, {}, are not in the folders given", bytes(lacking))
        }
        Mended::Unlisted => "there is no record of everything in it".to_owned(),
        Mended::Different => "it was compressed by a different version of Dray".to_owned(),
    }
}

impl fmt::Display for Remade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.replaced_by {
            Some(other) => write!(f, "{}, by {other}", self.object),
            None => write!(f, "{}", self.object),
        }
    }
}
