//! Where the bytes of each chunk go, and which places have them already.

use std::ops::Range;

use crate::plan::Plan;

/// A run of bytes of a file that comes from a chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    /// The chunk.
    chunk: u32,
    /// The file, as numbered in the plan.
    pub(super) file: u32,
    /// Where the bytes begin in the file.
    pub(super) at: u64,
    /// Where they begin in the chunk.
    pub(super) from: u32,
    /// How many they are.
    pub(super) length: u32,
}

/// All targets, sorted by chunk and then by place.
pub(super) struct Targets {
    all: Vec<Target>,
    done: Vec<bool>,
}

impl Targets {
    /// The targets of every file that the manifest says how to build, copied ones included: a held file may be damaged.
    pub(super) fn new(plan: &Plan) -> Self {
        let mut all = Vec::new();
        for (file, planned) in plan.files.iter().enumerate() {
            let mut at = 0;
            for piece in plan.want.recipe(&planned.content).into_iter().flatten() {
                all.push(Target {
                    chunk: piece.chunk,
                    file: file as u32,
                    at,
                    from: piece.offset,
                    length: piece.length,
                });
                at += u64::from(piece.length);
            }
        }
        all.sort_unstable_by_key(|target| (target.chunk, target.file, target.at));
        let done = vec![false; all.len()];
        Self { all, done }
    }

    pub(super) fn get(&self, number: usize) -> &Target {
        &self.all[number]
    }

    /// The numbers of a chunk's targets.
    pub(super) fn numbers(&self, chunk: u32) -> Range<usize> {
        let start = self.all.partition_point(|target| target.chunk < chunk);
        let length = self.all[start..].partition_point(|target| target.chunk == chunk);
        start..start + length
    }

    /// The chunk's targets that lack their bytes.
    pub(super) fn open(&self, chunk: u32) -> impl Iterator<Item = &Target> {
        self.numbers(chunk).filter(|number| !self.done[*number]).map(|number| &self.all[number])
    }

    pub(super) fn is_done(&self, number: usize) -> bool {
        self.done[number]
    }

    pub(super) fn set_done(&mut self, number: usize) {
        self.done[number] = true;
    }

    /// Notes that the place `at` of `file` has its bytes of `chunk`.
    pub(super) fn set_done_at(&mut self, chunk: u32, file: u32, at: u64) {
        let found = self.all.binary_search_by_key(&(chunk, file, at), |t| (t.chunk, t.file, t.at));
        if let Ok(number) = found {
            self.done[number] = true;
        }
    }
}
