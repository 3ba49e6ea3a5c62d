//! What it costs to get one content for whoever holds another, by each way that there is.
//!
//! All figures are bytes that cross the wire: what lists the content (a manifest or an update) and ranges of packs, gaps between
//! the ranges' chunks included.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use dray_content::Manifest;
use dray_content::plan::{FetchOptions, HeldTreeId, Plan, PlanError, plan};
use dray_model::Digest;
use serde::Serialize;

use crate::error::{Failure, Outcome};
use crate::output::{Fields, Listed, Shown, bytes, count};

/// Bytes on the wire of one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Cost {
    /// The sum of the others.
    pub(super) bytes: u64,
    /// Of a manifest.
    pub(super) manifest_bytes: u64,
    /// Of ranges of packs.
    pub(super) pack_bytes: u64,
    /// Requests for objects and ranges.
    pub(super) requests: u64,
}

/// How a content, or a file of it, comes to its receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Way {
    /// As if nothing were held.
    Whole,
    /// The chunks that are not held.
    Chunks,
}

/// The ways from one content to another.
#[derive(Debug, Serialize)]
pub(super) struct Comparison {
    from: Digest,
    to: Digest,
    files: u64,
    size_bytes: u64,
    /// Of files that the content `from` lacks, each content counted once.
    changed_bytes: u64,
    whole: Cost,
    chunks: Cost,
    best: Way,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<FileCost>,
}

/// The ways to one file that is not held as a whole.
#[derive(Debug, Serialize)]
pub(super) struct FileCost {
    path: String,
    size_bytes: u64,
    way: Way,
    whole_bytes: u64,
    chunk_bytes: u64,
}

impl Cost {
    /// A manifest of so many bytes, and what a plan made with it fetches.
    fn of_plan(manifest_bytes: u64, plan: &Plan) -> Self {
        let pack_bytes = plan.totals.fetch_bytes;
        let requests = 1 + plan.fetch.len() as u64;
        Self { bytes: manifest_bytes + pack_bytes, manifest_bytes, pack_bytes, requests }
    }

    /// In words.
    pub(super) fn words(&self) -> String {
        format!(
            "{}: manifest {}, packs {} in {}",
            bytes(self.bytes),
            bytes(self.manifest_bytes),
            bytes(self.pack_bytes),
            count(self.requests, "request"),
        )
    }
}

impl Comparison {
    /// The ways from `from` to `to`, whose manifest has `manifest_bytes` bytes.
    pub(super) fn new(from: &Manifest, to: &Arc<Manifest>, manifest_bytes: u64) -> Outcome<Self> {
        let held = HeldTreeId(from.tree().digest());
        let nothing = planned(to, &[])?;
        let chunks = planned(to, &[(held, from)])?;
        let whole = Cost::of_plan(manifest_bytes, &nothing);
        let cost = Cost::of_plan(manifest_bytes, &chunks);
        let changed = chunks.files.iter().filter(|file| file.copy().is_none()).map(|file| file.size).sum();
        Ok(Self {
            from: held.0,
            to: to.tree().digest(),
            files: to.tree().file_count(),
            size_bytes: to.tree().total_bytes(),
            changed_bytes: changed,
            whole,
            chunks: cost,
            best: best(&[(Way::Whole, whole), (Way::Chunks, cost)]),
            changes: file_costs(&chunks),
        })
    }

    /// Leaves out what each file costs.
    pub(super) fn without_files(self) -> Self {
        Self { changes: Vec::new(), ..self }
    }

    /// What each file costs that is not held.
    pub(super) fn changes(&self) -> &[FileCost] {
        &self.changes
    }
}

fn planned(to: &Arc<Manifest>, have: &[(HeldTreeId, &Manifest)]) -> Outcome<Plan> {
    plan(to, have, FetchOptions::default())
        .map_err(|error: PlanError| Failure::failed("can't plan the transfer").because(&error))
}

/// The way of the fewest bytes, the first of equals.
fn best(ways: &[(Way, Cost)]) -> Way {
    ways.iter().min_by_key(|(_, cost)| cost.bytes).map_or(Way::Whole, |(way, _)| *way)
}

/// A chunk that several files need is counted for each.
fn file_costs(plan: &Plan) -> Vec<FileCost> {
    let mut paths = HashMap::new();
    for (path, file) in plan.want.tree().files() {
        paths.entry(file.digest).or_insert(path);
    }
    let built = plan.files.iter().filter(|file| file.copy().is_none());
    let mut costs: Vec<_> = built
        .map(|file| {
            let pieces = plan.want.recipe(&file.content).into_iter().flatten();
            let chunks: BTreeSet<u32> = pieces.map(|piece| piece.chunk).collect();
            let stored = |chunk: &u32| u64::from(plan.want.chunks()[*chunk as usize].stored_length);
            FileCost {
                path: paths[&file.content].to_string(),
                size_bytes: file.size,
                way: Way::Chunks,
                whole_bytes: chunks.iter().map(stored).sum(),
                chunk_bytes: chunks.iter().filter(|chunk| !plan.held_chunks.contains_key(chunk)).map(stored).sum(),
            }
        })
        .collect();
    costs.sort_by(|a, b| a.path.cmp(&b.path));
    costs
}

impl Shown for Comparison {
    fn fields(&self) -> Fields {
        let way = |way, cost: &Cost| {
            let mark = if self.best == way { " (taken)" } else { "" };
            format!("{}{mark}", cost.words())
        };
        vec![
            ("from", self.from.to_string()),
            ("to", self.to.to_string()),
            ("files", format!("{}, {}", count(self.files, "file"), bytes(self.size_bytes))),
            ("changed", bytes(self.changed_bytes)),
            ("whole", way(Way::Whole, &self.whole)),
            ("chunks", way(Way::Chunks, &self.chunks)),
        ]
    }
}

impl Listed for FileCost {
    const HEADINGS: &'static [&'static str] = &["file", "size", "way", "whole", "chunks"];
    const NONE: &'static str = "no file changed";

    fn cells(&self) -> Vec<String> {
        vec![
            self.path.clone(),
            bytes(self.size_bytes),
            self.way.word().to_owned(),
            bytes(self.whole_bytes),
            bytes(self.chunk_bytes),
        ]
    }
}

impl Way {
    /// The word for it, as in JSON.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Chunks => "chunks",
        }
    }
}
