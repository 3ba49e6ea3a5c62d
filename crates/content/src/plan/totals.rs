//! The sums of a plan.

use super::{Plan, PlannedSegment, Stored, Way};
use crate::tree::Node;

/// What a plan costs. All in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// The wanted tree's files.
    pub whole_bytes: u64,
    /// Contents that are copied as whole files, counted once each.
    pub copied_bytes: u64,
    /// Contents that are built from segments, counted once each.
    pub built_bytes: u64,
    /// Of those what comes from held files: the output of segments with a base, less their differences.
    pub derived_bytes: u64,
    /// Files of other contents whose chunks are in held files.
    pub reused_bytes: u64,
    /// Segments to be fetched, as they are stored.
    pub segment_bytes: u64,
    /// Chunks to be fetched, as they are stored.
    pub chunk_bytes: u64,
    /// To be fetched, gaps between chunks and segments included.
    pub fetch_bytes: u64,
    /// All chunks and segments that are known of, as they are stored: with a whole manifest, what a receiver without anything
    /// fetches.
    pub fetch_all_bytes: u64,
    /// Free space that building takes: files rounded up to blocks of 4 KiB, a block for each folder and link, and opened forms.
    pub disk_bytes: u64,
}

/// Sums up a plan that is complete but for that. `missing` is what is to be fetched, `segments` are those that are needed.
pub(super) fn total(plan: &Plan, missing: &[Stored], segments: &[u32]) -> Totals {
    let tree = plan.want.tree();
    let stored_bytes = |stored: &[Stored]| stored.iter().map(|stored| plan.range_of(*stored).length).sum::<u64>();
    let (fetched, chunks): (Vec<Stored>, Vec<Stored>) =
        missing.iter().partition(|stored| matches!(stored, Stored::Segment(_)));
    let all: Vec<Stored> = plan.all_stored().collect();
    let mut totals = Totals {
        whole_bytes: tree.total_bytes(),
        derived_bytes: segments.iter().map(|number| derived_bytes(&plan.segments[*number as usize])).sum(),
        segment_bytes: stored_bytes(&fetched),
        chunk_bytes: stored_bytes(&chunks),
        fetch_bytes: plan.fetch.iter().map(|range| range.length).sum(),
        fetch_all_bytes: stored_bytes(&all),
        disk_bytes: tree.entries().iter().map(|entry| disk_bytes(&entry.node)).sum::<u64>() + opened_bytes(plan),
        ..Totals::default()
    };
    for file in &plan.files {
        match file.way {
            Way::Copy(_) => totals.copied_bytes += file.size,
            Way::Segments => totals.built_bytes += file.size,
            Way::Chunks => {
                let pieces = plan.want.recipe(&file.content).into_iter().flatten();
                let held = pieces.filter(|piece| plan.held_chunks.contains_key(&piece.chunk));
                totals.reused_bytes += held.map(|piece| u64::from(piece.length)).sum::<u64>();
            }
        }
    }
    totals
}

fn derived_bytes(segment: &PlannedSegment) -> u64 {
    let output: u64 = segment.output.iter().map(|part| u64::from(part.length)).sum();
    if segment.base.is_empty() { 0 } else { output.saturating_sub(segment.difference_bytes()) }
}

/// What opened forms take while their contents are built.
fn opened_bytes(plan: &Plan) -> u64 {
    let bases = plan.opened.iter().map(|base| base.layout().opened_length());
    let built = plan.containers.iter().filter(|planned| plan.files[planned.file as usize].way == Way::Segments);
    bases.chain(built.map(|planned| planned.container.layout().opened_length())).sum()
}

fn disk_bytes(node: &Node) -> u64 {
    let block = 4096;
    match node {
        Node::File(file) => file.size.div_ceil(block) * block,
        Node::Directory(_) | Node::Link(_) | Node::OutsideLink(_) => block,
    }
}
