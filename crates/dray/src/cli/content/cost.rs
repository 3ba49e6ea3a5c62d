//! What it costs a holder of one content to get another, by each way that there is.
//!
//! All figures are bytes that cross the wire: what lists the content (a manifest or an update) and ranges of packs, gaps between
//! the ranges' chunks and segments included.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use dray_content::Manifest;
use dray_content::plan::{self, Plan};
use dray_content::update::prepare::{Choice, Prepared, Way as ChosenWay};
use dray_model::Digest;
use serde::Serialize;

use super::ways::{Kind, Way};
use super::wire::Fetched;
use crate::error::Outcome;
use crate::output::{Fields, Listed, Shown, bytes, count};

/// Bytes on the wire of one way.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Cost {
    #[serde(flatten)]
    fetched: Fetched,
    /// Of segments.
    segment_bytes: u64,
    /// Of chunks.
    chunk_bytes: u64,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    update: Option<Cost>,
    best: Kind,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Change>,
}

/// The ways to what changed: one file, or several small ones that travel together.
#[derive(Debug, Serialize)]
pub(super) struct Change {
    /// The file, or the first of them.
    path: String,
    files: usize,
    size_bytes: u64,
    way: &'static str,
    /// From segments, where that was tried.
    segment_bytes: Option<u64>,
    /// The chunks that the content `from` lacks.
    chunk_bytes: u64,
}

impl Cost {
    fn of(way: &Way) -> Self {
        let totals = way.plan.totals;
        Self { fetched: way.cost(), segment_bytes: totals.segment_bytes, chunk_bytes: totals.chunk_bytes }
    }

    const fn bytes(&self) -> u64 {
        self.fetched.bytes
    }

    fn words(&self) -> String {
        let parts = [
            ("manifest", self.fetched.manifest_bytes),
            ("update", self.fetched.update_bytes),
            ("segments", self.segment_bytes),
            ("chunks", self.chunk_bytes),
        ];
        let parts: Vec<_> =
            parts.iter().filter(|(_, part)| *part > 0).map(|(name, part)| format!("{name} {}", bytes(*part))).collect();
        let requests = count(self.fetched.requests, "request");
        format!("{} in {requests}: {}", bytes(self.bytes()), parts.join(", "))
    }
}

impl Comparison {
    /// The ways from `from` to `to`, whose manifest has `manifest_bytes` bytes, with the update that was prepared.
    pub(super) fn new(
        from: &Manifest,
        to: &Arc<Manifest>,
        manifest_bytes: u64,
        prepared: Option<&Prepared>,
    ) -> Outcome<Self> {
        let held = [(plan::HeldTreeId(from.tree().digest()), from)];
        let whole = Way::by_manifest(to, manifest_bytes, &[])?;
        let chunks = Way::by_manifest(to, manifest_bytes, &held)?;
        let by_update =
            |prepared: &Prepared| Way::by_update(prepared.update.clone(), prepared.bytes.len() as u64, &held);
        let update = prepared.map(by_update).transpose()?;
        let best =
            [Some(&whole), Some(&chunks), update.as_ref()].into_iter().flatten().min_by_key(|way| way.cost().bytes);
        let changed = chunks.plan.files.iter().filter(|file| !is_held(file));
        let mut changes = match prepared {
            Some(prepared) => prepared.choices.iter().map(Change::chosen).collect(),
            None => by_chunks(&chunks.plan),
        };
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self {
            from: held[0].0.0,
            to: to.tree().digest(),
            files: to.tree().file_count(),
            size_bytes: to.tree().total_bytes(),
            changed_bytes: changed.map(|file| file.size).sum(),
            whole: Cost::of(&whole),
            chunks: Cost::of(&chunks),
            update: update.as_ref().map(Cost::of),
            best: best.map_or(Kind::Whole, |way| way.kind),
            changes,
        })
    }

    /// Leaves out what each change costs.
    pub(super) fn without_changes(self) -> Self {
        Self { changes: Vec::new(), ..self }
    }

    /// What each change costs.
    pub(super) fn changes(&self) -> &[Change] {
        &self.changes
    }
}

fn is_held(file: &plan::PlannedFile) -> bool {
    matches!(file.way, plan::Way::Copy(_))
}

/// Without an update each file comes in chunks. A chunk that several files need is counted for each.
fn by_chunks(plan: &Plan) -> Vec<Change> {
    let mut paths = HashMap::new();
    for (path, file) in plan.want.tree().files() {
        paths.entry(file.digest).or_insert(path);
    }
    let change = |file: &plan::PlannedFile| {
        let pieces = plan.want.recipe(&file.content).into_iter().flatten();
        let chunks: BTreeSet<u32> = pieces.map(|piece| piece.chunk).collect();
        let missing = chunks.iter().filter(|chunk| !plan.held_chunks.contains_key(chunk));
        let stored = |chunk: &u32| u64::from(plan.want.chunks()[*chunk as usize].stored_length);
        Change {
            path: paths[&file.content].to_string(),
            files: 1,
            size_bytes: file.size,
            way: "chunks",
            segment_bytes: None,
            chunk_bytes: missing.map(stored).sum(),
        }
    };
    plan.files.iter().filter(|file| !is_held(file)).map(change).collect()
}

impl Change {
    fn chosen(choice: &Choice) -> Self {
        Self {
            path: choice.path.to_string(),
            files: choice.files,
            size_bytes: choice.size,
            way: match choice.way {
                ChosenWay::Segments => "segments",
                ChosenWay::Chunks => "chunks",
            },
            segment_bytes: choice.segment_bytes,
            chunk_bytes: choice.chunk_bytes,
        }
    }
}

impl Shown for Comparison {
    fn fields(&self) -> Fields {
        let way = |kind, cost: &Cost| {
            let mark = if self.best == kind { "; the least" } else { "" };
            format!("{}{mark}", cost.words())
        };
        let none = "none; it would take as many bytes as the chunks";
        vec![
            ("from", self.from.to_string()),
            ("to", self.to.to_string()),
            ("files", format!("{}, {}", count(self.files, "file"), bytes(self.size_bytes))),
            ("changed", bytes(self.changed_bytes)),
            ("whole", way(Kind::Whole, &self.whole)),
            ("chunks", way(Kind::Chunks, &self.chunks)),
            ("update", self.update.as_ref().map_or_else(|| none.to_owned(), |cost| way(Kind::Update, cost))),
        ]
    }
}

impl Listed for Change {
    const HEADINGS: &'static [&'static str] = &["file", "size", "way", "segments", "chunks"];
    const NONE: &'static str = "no file has changed";

    fn cells(&self) -> Vec<String> {
        let others = self.files.saturating_sub(1) as u64;
        vec![
            if others == 0 { self.path.clone() } else { format!("{} and {}", self.path, count(others, "other")) },
            bytes(self.size_bytes),
            self.way.to_owned(),
            self.segment_bytes.map_or_else(|| "-".to_owned(), bytes),
            bytes(self.chunk_bytes),
        ]
    }
}
