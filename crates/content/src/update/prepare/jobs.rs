//! Which contents are built together: large files alone, in segments; small ones joined, so that they are compressed together.
//!
//! A job is what is held in memory at once with its base. Files that are too large for that are several jobs, each with a window of
//! the base around the place where its bytes are to be expected.

use std::ops::Range;

use dray_model::Digest;

use super::bases::FileToBuild;
use crate::path::TreePath;
use crate::update::{BasePart, OutputPart};

/// Files from this part of a segment on have segments of their own.
const SMALL_PART: u64 = 8;
/// The longest base of a segment that small files share, in segments.
const SHARED_BASE_SEGMENTS: u64 = 2;
/// The longest base that is indexed at once, in segments: 256 MiB.
const BASE_SEGMENTS: u64 = 32;
/// How much of one file is built in one job, in segments: 128 MiB.
const STRETCH_SEGMENTS: u64 = 16;

/// Bytes that are built from one base.
pub(super) struct Job<'a> {
    /// The first of its paths.
    pub(super) path: &'a TreePath,
    pub(super) base: Vec<BasePart>,
    /// Whether the parts of the base are whole contents.
    pub(super) base_is_whole: bool,
    /// For each segment its output.
    pub(super) segments: Vec<Vec<OutputPart>>,
    /// The contents that it builds, or builds a part of.
    pub(super) contents: Vec<Digest>,
    /// How many of them are built in their opened forms.
    pub(super) opened: usize,
    /// What those take in the update.
    pub(super) listed_bytes: u64,
    /// Whether the next job goes on with the same content.
    pub(super) goes_on: bool,
    /// Whether it is one program, whose base may be relocated.
    pub(super) is_program: bool,
}

impl Job<'_> {
    pub(super) fn base_bytes(&self) -> u64 {
        self.base.iter().map(|part| part.length).sum()
    }

    pub(super) fn output_bytes(&self) -> u64 {
        self.segments.iter().flatten().map(|part| u64::from(part.length)).sum()
    }

    /// Whether it builds whole contents.
    pub(super) fn output_is_whole(&self) -> bool {
        !self.continues() && !self.goes_on
    }

    /// What it builds of each content, in order.
    pub(super) fn output_ranges(&self) -> Vec<(Digest, Range<u64>)> {
        let parts: Vec<&OutputPart> = self.segments.iter().flatten().collect();
        let of_content = |parts: &[&OutputPart]| {
            let (first, last) = (parts[0], parts[parts.len() - 1]);
            (first.content, first.offset..last.offset + u64::from(last.length))
        };
        parts.chunk_by(|a, b| a.content == b.content).map(of_content).collect()
    }

    /// Whether it begins in the middle of a content.
    pub(super) fn continues(&self) -> bool {
        self.segments[0][0].offset > 0
    }
}

/// The jobs for `files`, which are in the order of their paths.
pub(super) fn jobs<'a>(files: &[FileToBuild<'a>], segment_bytes_max: usize) -> Vec<Job<'a>> {
    let segment_bytes = segment_bytes_max as u64;
    let mut jobs = Vec::new();
    let mut group = Group::default();
    for file in files {
        let base_bytes: u64 = file.bases.iter().map(|(_, size)| size).sum();
        let is_large = file.output.1 >= segment_bytes / SMALL_PART || base_bytes > segment_bytes;
        if is_large || file.is_program {
            jobs.extend(stretches(file, segment_bytes));
            continue;
        }
        if !group.has_room(file, segment_bytes) {
            jobs.extend(group.close());
        }
        group.add(file);
    }
    jobs.extend(group.close());
    jobs
}

/// Small files that share a segment.
#[derive(Default)]
struct Group<'a> {
    path: Option<&'a TreePath>,
    base: Vec<BasePart>,
    output: Vec<OutputPart>,
    contents: Vec<Digest>,
    base_bytes: u64,
    output_bytes: u64,
    listed_bytes: u64,
    opened: usize,
}

impl<'a> Group<'a> {
    fn has_room(&self, file: &FileToBuild<'_>, segment_bytes: u64) -> bool {
        let more: u64 = file.bases.iter().map(|(_, size)| size).sum();
        self.output_bytes + file.output.1 <= segment_bytes
            && self.base_bytes + more <= SHARED_BASE_SEGMENTS * segment_bytes
    }

    fn add(&mut self, file: &FileToBuild<'a>) {
        self.path.get_or_insert(file.path);
        for (content, size) in &file.bases {
            if self.base.iter().all(|part| part.content != *content) {
                self.base.push(BasePart { content: *content, offset: 0, length: *size });
                self.base_bytes += size;
            }
        }
        let (content, size) = file.output;
        self.output.push(OutputPart { content, offset: 0, length: size as u32 });
        self.output_bytes += size;
        self.contents.push(file.content);
        self.listed_bytes += file.listed_bytes;
        self.opened += usize::from(content != file.content);
    }

    fn close(&mut self) -> Option<Job<'a>> {
        let group = std::mem::take(self);
        Some(Job {
            path: group.path?,
            base: group.base,
            base_is_whole: true,
            segments: vec![group.output],
            contents: group.contents,
            opened: group.opened,
            listed_bytes: group.listed_bytes,
            goes_on: false,
            is_program: false,
        })
    }
}

/// The jobs of a file that has segments of its own.
fn stretches<'a>(file: &FileToBuild<'a>, segment_bytes: u64) -> impl Iterator<Item = Job<'a>> {
    // Segments of one length each, none of them a small rest.
    let (content, size) = file.output;
    let count = size.div_ceil(segment_bytes);
    let segment = size.div_ceil(count);
    let base_bytes: u64 = file.bases.iter().map(|(_, size)| size).sum();
    (0..count.div_ceil(STRETCH_SEGMENTS)).map(move |stretch| {
        let first = stretch * STRETCH_SEGMENTS;
        let last = count.min(first + STRETCH_SEGMENTS);
        let start = first * segment;
        let end = size.min(last * segment);
        let part = |number: u64| {
            let offset = number * segment;
            let length = segment.min(size - offset) as u32;
            vec![OutputPart { content, offset, length }]
        };
        let middle = (start as f64 + end as f64) / 2.0 / size as f64;
        let base = window(&file.bases, BASE_SEGMENTS * segment_bytes, middle);
        Job {
            path: file.path,
            base_is_whole: base.iter().map(|part| part.length).sum::<u64>() == base_bytes,
            base,
            segments: (first..last).map(part).collect(),
            contents: vec![file.content],
            opened: usize::from(content != file.content),
            listed_bytes: if first == 0 { file.listed_bytes } else { 0 },
            goes_on: last < count,
            is_program: file.is_program && count <= STRETCH_SEGMENTS,
        }
    })
}

/// Up to `bytes_max` of the bases, taken as one run of bytes, around the given fraction of it.
fn window(bases: &[(Digest, u64)], bytes_max: u64, middle: f64) -> Vec<BasePart> {
    let base_bytes: u64 = bases.iter().map(|(_, size)| size).sum();
    let length = base_bytes.min(bytes_max);
    let middle = (base_bytes as f64 * middle) as u64;
    let start = middle.saturating_sub(length / 2).min(base_bytes - length);
    let end = start + length;
    let mut at = 0;
    let mut parts = Vec::new();
    for (content, size) in bases {
        let (from, to) = (start.max(at), end.min(at + size));
        if from < to {
            parts.push(BasePart { content: *content, offset: from - at, length: to - from });
        }
        at += size;
    }
    parts
}
