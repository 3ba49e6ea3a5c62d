//! Where the bytes of each chunk and the output of each segment go, and which places have them already.

use std::collections::HashMap;
use std::ops::Range;

use dray_model::Digest;

use crate::plan::{Plan, Stored};

/// A run of bytes of a file that comes from a chunk or segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    /// The chunk or segment.
    source: Stored,
    /// The file, as numbered in the plan; opened forms come behind its files.
    pub(super) file: u32,
    /// Where the bytes begin in the file.
    pub(super) at: u64,
    /// Where they begin in the chunk's plain bytes or the segment's output.
    pub(super) from: u32,
    /// How many they are.
    pub(super) length: u32,
}

/// All targets, sorted by what they come from and then by place.
pub(super) struct Targets {
    all: Vec<Target>,
    done: Vec<bool>,
}

impl Targets {
    /// The targets of every file for which the plan knows chunks or segments, copied ones included: a held file may be damaged.
    pub(super) fn new(plan: &Plan) -> Self {
        let mut all = Vec::new();
        for (file, planned) in (0..).zip(&plan.files) {
            let mut at = 0;
            for piece in plan.want.recipe(&planned.content).into_iter().flatten() {
                let source = Stored::Chunk(piece.chunk);
                all.push(Target { source, file, at, from: piece.offset, length: piece.length });
                at += u64::from(piece.length);
            }
        }
        let contents = plan.files.iter().map(|file| file.content);
        let forms = plan.containers.iter().map(|planned| planned.container.form());
        let numbers: HashMap<Digest, u32> = contents.chain(forms).zip(0..).collect();
        for (segment, number) in plan.segments.iter().zip(0..) {
            let (source, mut from) = (Stored::Segment(number), 0);
            for part in &segment.output {
                if let Some(file) = numbers.get(&part.content) {
                    all.push(Target { source, file: *file, at: part.offset, from, length: part.length });
                }
                from += part.length;
            }
        }
        all.sort_unstable_by_key(|target| (target.source, target.file, target.at));
        let done = vec![false; all.len()];
        Self { all, done }
    }

    /// Whether anything is known that the file can be built from.
    pub(super) fn has_any(&self, file: u32) -> bool {
        self.all.iter().any(|target| target.file == file)
    }

    pub(super) fn get(&self, number: usize) -> &Target {
        &self.all[number]
    }

    /// The numbers of the targets of a chunk or segment.
    pub(super) fn numbers(&self, source: Stored) -> Range<usize> {
        let start = self.all.partition_point(|target| target.source < source);
        let length = self.all[start..].partition_point(|target| target.source == source);
        start..start + length
    }

    /// Those of them that lack their bytes.
    pub(super) fn open(&self, source: Stored) -> impl Iterator<Item = &Target> {
        self.numbers(source).filter(|number| !self.done[*number]).map(|number| &self.all[number])
    }

    pub(super) fn is_done(&self, number: usize) -> bool {
        self.done[number]
    }

    pub(super) fn set_done(&mut self, number: usize) {
        self.done[number] = true;
    }

    /// Notes that the place `at` of `file` has its bytes of `source`.
    pub(super) fn set_done_at(&mut self, source: Stored, file: u32, at: u64) {
        let found = self.all.binary_search_by_key(&(source, file, at), |t| (t.source, t.file, t.at));
        if let Ok(number) = found {
            self.done[number] = true;
        }
    }
}
