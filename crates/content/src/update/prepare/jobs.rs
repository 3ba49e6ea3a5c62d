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

    /// The runs of bytes that it builds, in order.
    pub(super) fn output_ranges(&self) -> Vec<(Digest, Range<u64>)> {
        let parts: Vec<&OutputPart> = self.segments.iter().flatten().collect();
        let of_content = |parts: &[&OutputPart]| {
            let (first, last) = (parts[0], parts[parts.len() - 1]);
            (first.content, first.offset..last.offset + u64::from(last.length))
        };
        let goes_on =
            |a: &&OutputPart, b: &&OutputPart| a.content == b.content && a.offset + u64::from(a.length) == b.offset;
        parts.chunk_by(goes_on).map(of_content).collect()
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
        if let Some(parts) = around_programs(file, segment_bytes) {
            jobs.extend(parts);
            continue;
        }
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
        let is_whole = |base: &[BasePart]| base.iter().map(|part| part.length).sum::<u64>() == base_bytes;
        Job {
            path: file.path,
            base_is_whole: is_whole(&base),
            is_program: file.is_program && count <= STRETCH_SEGMENTS && is_whole(&base),
            base,
            segments: (first..last).map(part).collect(),
            contents: vec![file.content],
            opened: usize::from(content != file.content),
            listed_bytes: if first == 0 { file.listed_bytes } else { 0 },
            goes_on: last < count,
        }
    })
}

/// The jobs of an opened container with programs: one for all that is around them, and one for each of them, so that its base can be
/// relocated. `None` when there is no program, or what is around them takes more than one job.
fn around_programs<'a>(file: &FileToBuild<'a>, segment_bytes: u64) -> Option<Vec<Job<'a>>> {
    let &[(base, base_size)] = &file.bases[..] else { return None };
    let (content, size) = file.output;
    let gaps = complement(file.programs.iter().map(|program| program.output.clone()).collect(), size);
    let bases = complement(file.programs.iter().map(|program| program.base.clone()).collect(), base_size);
    let total = |ranges: &[Range<u64>]| ranges.iter().map(|range| range.end - range.start).sum::<u64>();
    let fits = total(&gaps) <= STRETCH_SEGMENTS * segment_bytes && total(&bases) <= BASE_SEGMENTS * segment_bytes;
    // What comes first tells that a content begins.
    if file.programs.is_empty() || gaps.first().is_none_or(|first| first.start > 0) || !fits {
        return None;
    }
    let job = |ranges: Vec<Range<u64>>, output: &[Range<u64>], is_program| Job {
        path: file.path,
        base: ranges.into_iter().map(|range| part_of(base, &range)).collect(),
        base_is_whole: false,
        segments: segments(content, output, segment_bytes),
        contents: vec![file.content],
        opened: 1,
        listed_bytes: if is_program { 0 } else { file.listed_bytes },
        goes_on: true,
        is_program,
    };
    let mut jobs = vec![job(bases, &gaps, false)];
    jobs.extend(
        file.programs
            .iter()
            .map(|program| job(vec![program.base.clone()], std::slice::from_ref(&program.output), true)),
    );
    jobs.last_mut()?.goes_on = false;
    Some(jobs)
}

fn part_of(content: Digest, range: &Range<u64>) -> BasePart {
    BasePart { content, offset: range.start, length: range.end - range.start }
}

/// What of `0..size` is not in `ranges`, which don't overlap.
fn complement(mut ranges: Vec<Range<u64>>, size: u64) -> Vec<Range<u64>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut at = 0;
    let mut gaps = Vec::with_capacity(ranges.len() + 1);
    for range in ranges.into_iter().chain(std::iter::once(size..size)) {
        if range.start > at {
            gaps.push(at..range.start);
        }
        at = range.end;
    }
    gaps
}

/// The ranges of a content cut into segments, each as full as can be.
fn segments(content: Digest, ranges: &[Range<u64>], segment_bytes: u64) -> Vec<Vec<OutputPart>> {
    let mut segments = vec![Vec::new()];
    let mut room = segment_bytes;
    for range in ranges {
        let mut offset = range.start;
        while offset < range.end {
            if room == 0 {
                segments.push(Vec::new());
                room = segment_bytes;
            }
            let length = room.min(range.end - offset);
            let part = OutputPart { content, offset, length: length as u32 };
            segments.last_mut().expect("there is always one").push(part);
            (offset, room) = (offset + length, room - length);
        }
    }
    segments
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
