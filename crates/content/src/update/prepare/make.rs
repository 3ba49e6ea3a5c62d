//! Carrying out jobs: batches of them are read, their bases indexed, their segments made, each step by all threads.
//!
//! What a batch takes is bounded, so memory doesn't grow with the package. The ways are compared when a file's segments are made,
//! and only what is taken is written.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use dray_model::Digest;

use super::cost::ChunkCosts;
use super::jobs::Job;
use super::packs::Packs;
use super::program::Relocated;
use super::source::Bytes;
use super::{Choice, Options, PrepareError, Way, parallel, program};
use crate::difference::{self, Base, Level, Run};
use crate::ingest::{StagedPack, Staging};
use crate::progress::Progress;
use crate::relocation::Map;
use crate::update::{BasePart, OutputPart, PackedAt, Place, Relocation, Segment};

/// Bytes that the jobs of a batch take at most, unless it is a single one: outputs, bases and their indexes. The largest single job
/// takes about 800 MiB, and each thread up to 32 MiB more.
pub(super) const BATCH_BYTES: u64 = 384 << 20;
/// A base with its index and, while it is relocated, a copy, in multiples of itself.
const INDEXED_FACTOR: u64 = 3;
/// What a segment takes in an update: its digests, its place, its parts.
const SEGMENT_LISTED_BYTES: u64 = 72;
/// What a move of a map takes in an update, about.
const MOVE_LISTED_BYTES: u64 = 5;
/// A difference that is stored in so many bytes or fewer is carried by the update.
const CARRIED_STORED_BYTES_MAX: usize = 1024;
/// What an update carries at most, uncompressed: its readers have it in memory.
const CARRIED_BYTES_MAX: usize = 1 << 20;
/// A difference of this part of its output or more may be longer than the output compressed by itself, which is then tried.
const DOUBTFUL_PART: usize = 4;

/// Everything that was made.
pub(super) struct Made {
    pub(super) segments: Vec<Segment>,
    pub(super) packs: Vec<StagedPack>,
    /// Contents that are built from chunks.
    pub(super) chunked: Vec<Digest>,
    pub(super) choices: Vec<Choice>,
    /// In no order.
    pub(super) relocations: Vec<Relocation>,
}

pub(super) struct Maker<'a> {
    old: Bytes<'a>,
    new: Bytes<'a>,
    costs: &'a ChunkCosts,
    options: &'a Options,
    progress: &'a dyn Progress,
    packs: Packs<'a>,
    made: Made,
    checked: HashSet<Digest>,
    /// Sizes of the contents that the old tree lacks.
    wanted: &'a HashMap<Digest, u64>,
    /// Bytes that the update carries so far.
    carried_bytes: usize,
    /// Contents of which some bytes are in the bases of several jobs: those can't all want them relocated alike.
    shared_bases: HashSet<Digest>,
    /// The choice for a content whose next job is to come.
    open: Option<Open>,
}

/// A content that is built by several jobs.
struct Open {
    choice: Choice,
    /// How many segments there were before it.
    segments_before: usize,
}

/// A job in memory.
struct Loaded {
    /// Relocated, when it has a map.
    base: Vec<u8>,
    output: Vec<u8>,
    map: Option<Map>,
    /// Of a program: the runs of its base, as it was before it was relocated, that lie beside its output.
    known: Option<Vec<Run>>,
}

/// One segment of a job.
struct Task<'a> {
    job: usize,
    parts: &'a [OutputPart],
    /// Where it is in the job's output.
    start: usize,
    base: &'a [BasePart],
    output: &'a [u8],
}

/// A difference, or the output compressed by itself.
struct Encoded {
    stored: Vec<u8>,
    has_base: bool,
    digest: Digest,
}

impl<'a> Maker<'a> {
    pub(super) fn new(
        old: Bytes<'a>,
        new: Bytes<'a>,
        wanted: &'a HashMap<Digest, u64>,
        costs: &'a ChunkCosts,
        staging: &'a Staging,
        options: &'a Options,
        progress: &'a dyn Progress,
    ) -> Self {
        let made = Made { segments: vec![], packs: vec![], chunked: vec![], choices: vec![], relocations: vec![] };
        let packs = Packs::new(staging, options.pack_bytes_max);
        Self {
            old,
            new,
            costs,
            options,
            progress,
            packs,
            made,
            checked: HashSet::new(),
            wanted,
            carried_bytes: 0,
            shared_bases: HashSet::new(),
            open: None,
        }
    }

    pub(super) fn make(mut self, jobs: &[Job<'_>]) -> Result<Made, PrepareError> {
        self.shared_bases = shared_bases(jobs);
        let mut rest = jobs;
        while !rest.is_empty() {
            let (batch, behind) = rest.split_at(batch_length(rest));
            self.make_batch(batch)?;
            rest = behind;
        }
        // Stable: each kind stays in its order.
        self.made.segments.sort_by_key(|segment| segment.packed().is_some());
        Ok(Made { packs: self.packs.finish()?, ..self.made })
    }

    fn make_batch(&mut self, jobs: &[Job<'_>]) -> Result<(), PrepareError> {
        let (threads, progress) = (self.options.threads, self.progress);
        let is_tried: Vec<bool> = jobs.iter().map(|job| self.is_worth_trying(job)).collect();
        let numbers: Vec<usize> = (0..jobs.len()).filter(|number| is_tried[*number]).collect();
        numbers.iter().try_for_each(|number| self.check(&jobs[*number]))?;
        let loaded = parallel::map(threads, &numbers, progress, |number| self.load(&jobs[*number]))?;
        let bases = parallel::map(threads, &loaded, progress, |loaded| Ok(self.index(loaded)))?;
        let tasks: Vec<Task<'_>> = numbers
            .iter()
            .zip(&loaded)
            .enumerate()
            .flat_map(|(at, (number, loaded))| tasks(at, &jobs[*number], loaded))
            .collect();
        let encoded = parallel::map(threads, &tasks, progress, |task| {
            Ok(self.encode(task, &loaded[task.job], &bases[task.job]))
        })?;
        let mut encoded = tasks.iter().zip(encoded).peekable();
        for (number, job) in jobs.iter().enumerate() {
            let at = numbers.binary_search(&number).ok();
            let mut of_job = Vec::new();
            while let Some(segment) = encoded.next_if(|(task, _)| Some(task.job) == at) {
                of_job.push(segment);
            }
            let map = at.and_then(|at| loaded[at].map.clone());
            self.take(job, at.map(|_| of_job), map)?;
            progress.advance(if job.goes_on { 0 } else { job.contents.len() as u64 }, job.output_bytes());
        }
        Ok(())
    }

    /// Without a base and compression segments can only be longer than chunks, and once a file's first segments are, the others
    /// need not be made.
    fn is_worth_trying(&self, job: &Job<'_>) -> bool {
        let is_lost = job.continues() && self.open.as_ref().is_none_or(|open| open.choice.way == Way::Chunks);
        let is_hopeless = job.base.is_empty() && self.costs.is_incompressible(&job.contents);
        !is_lost && !is_hopeless
    }

    /// Contents of which jobs read ranges are read once as a whole before, to see that they are what they should be.
    fn check(&mut self, job: &Job<'_>) -> Result<(), PrepareError> {
        let bases = job.base.iter().filter(|_| !job.base_is_whole).map(|part| (self.old, part.content));
        let ranges = job.output_ranges().into_iter().filter(|_| !job.output_is_whole());
        let outputs = ranges.map(|(content, _)| (self.new, content));
        for (source, content) in bases.chain(outputs) {
            if self.checked.insert(content) {
                source.check(&content)?;
            }
        }
        Ok(())
    }

    fn load(&self, job: &Job<'_>) -> Result<Loaded, PrepareError> {
        let mut base = Vec::with_capacity(job.base_bytes() as usize);
        for part in &job.base {
            self.old.read(&part.content, part.offset..part.offset + part.length, job.base_is_whole, &mut base)?;
        }
        let mut output = Vec::with_capacity(job.output_bytes() as usize);
        for (content, range) in job.output_ranges() {
            self.new.read(&content, range, job.output_is_whole(), &mut output)?;
        }
        let is_relocatable = job.is_program && !self.shared_bases.contains(&job.base[0].content);
        if !is_relocatable {
            return Ok(Loaded { base, output, map: None, known: None });
        }
        let (known, found) = program::relocate(&base, &output, self.options.level);
        Ok(match found {
            Some(Relocated { map, base }) => Loaded { base, output, map: Some(map), known: Some(known) },
            None => Loaded { base, output, map: None, known: Some(known) },
        })
    }

    /// The index over the base of a job, as far as it isn't known what lies beside what.
    fn index<'l>(&self, loaded: &'l Loaded) -> Base<'l> {
        match (&loaded.known, &loaded.map) {
            (Some(_), None) => Base::unindexed(&loaded.base),
            (Some(known), Some(_)) if self.options.level == Level::Publish => Base::beside(&loaded.base, known),
            _ => Base::new(&loaded.base),
        }
    }

    fn encode(&self, task: &Task<'_>, loaded: &Loaded, base: &Base<'_>) -> Encoded {
        let level = self.options.level;
        let digest = Digest::of(task.output);
        let known = loaded.known.as_ref();
        let known = known.map(|known| difference::part_of_runs(known, task.start..task.start + task.output.len()));
        let runs = match known {
            Some(known) if loaded.map.is_none() => known,
            known => difference::runs_along(base, task.output, &known.unwrap_or_default()),
        };
        let stored = difference::encode_runs(&loaded.base, task.output, &runs, level);
        let has_base = runs.iter().any(|run| run.beside > 0);
        let is_doubtful = has_base && stored.len() > task.output.len() / DOUBTFUL_PART;
        if is_doubtful && difference::may_be_shorter_alone(task.output, stored.len()) {
            let alone = difference::encode(&Base::new(&[]), task.output, level);
            if alone.len() < stored.len() {
                return Encoded { stored: alone, has_base: false, digest };
            }
        }
        Encoded { stored, has_base, digest }
    }

    /// Chooses the way for the contents of a job and writes its segments if they are to be used. `encoded` is `None` when they
    /// were not made.
    fn take(
        &mut self,
        job: &Job<'_>,
        encoded: Option<Vec<(&Task<'_>, Encoded)>>,
        map: Option<Map>,
    ) -> Result<(), PrepareError> {
        let Open { mut choice, segments_before } = self
            .open
            .take()
            .unwrap_or_else(|| Open { choice: self.undecided(job), segments_before: self.made.segments.len() });
        choice.size += job.output_bytes();
        choice.base_bytes = choice.base_bytes.max(job.base_bytes());
        match encoded.filter(|_| choice.way == Way::Segments) {
            None => choice.way = Way::Chunks,
            Some(encoded) => {
                let bytes = encoded.iter().map(|(_, encoded)| encoded.stored.len() as u64 + SEGMENT_LISTED_BYTES);
                let map_bytes = map.as_ref().map_or(0, |map| MOVE_LISTED_BYTES * map.len() as u64);
                let bytes = choice.segment_bytes.unwrap_or(job.listed_bytes) + bytes.sum::<u64>() + map_bytes;
                choice.segment_bytes = Some(bytes);
                choice.whole_segments += encoded.iter().filter(|(_, encoded)| !encoded.has_base).count();
                if bytes > choice.chunk_bytes {
                    choice.way = Way::Chunks;
                } else {
                    encoded.iter().try_for_each(|(task, encoded)| self.write(task, encoded))?;
                    if encoded.iter().any(|(_, encoded)| encoded.has_base) {
                        self.made.relocations.extend(map.map(|map| relocation(job, map)));
                    }
                }
            }
        }
        if job.goes_on {
            self.open = Some(Open { choice, segments_before });
            return Ok(());
        }
        if choice.way == Way::Chunks {
            // What was written of a very large file stays in the packs unused.
            self.made.segments.truncate(segments_before);
            self.made.chunked.extend(&job.contents);
        }
        self.made.choices.push(choice);
        Ok(())
    }

    fn undecided(&self, job: &Job<'_>) -> Choice {
        Choice {
            path: job.path.clone(),
            files: job.contents.len(),
            size: 0,
            opened: job.opened,
            base_bytes: 0,
            segment_bytes: None,
            chunk_bytes: self.costs.all(&job.contents),
            whole_segments: 0,
            way: Way::Segments,
        }
    }

    fn write(&mut self, task: &Task<'_>, encoded: &Encoded) -> Result<(), PrepareError> {
        let place = match self.carried(task, encoded) {
            Some(difference) => Place::Carried(difference),
            None => {
                let (pack, placed) = self.packs.add(&encoded.stored)?;
                let (offset, length, digest) = (placed.offset, placed.stored_length, placed.digest);
                Place::Packed(PackedAt { pack, offset, length, digest })
            }
        };
        self.made.segments.push(Segment {
            base: if encoded.has_base { task.base.to_vec() } else { Vec::new() },
            output: task.parts.to_vec(),
            place,
            digest: (!self.is_whole(task.parts)).then_some(encoded.digest),
        });
        Ok(())
    }

    /// The difference as the update carries it, if it is short and there is room.
    fn carried(&mut self, task: &Task<'_>, encoded: &Encoded) -> Option<Arc<[u8]>> {
        if encoded.stored.len() > CARRIED_STORED_BYTES_MAX {
            return None;
        }
        let plain = difference::uncompressed(&encoded.stored, task.output.len() as u64).expect("it was just encoded");
        let room = CARRIED_BYTES_MAX.checked_sub(plain.len())?.checked_sub(self.carried_bytes)?;
        self.carried_bytes = CARRIED_BYTES_MAX - room;
        Some(plain.into())
    }

    fn is_whole(&self, parts: &[OutputPart]) -> bool {
        parts.iter().all(|part| self.wanted.get(&part.content) == Some(&part.length.into()))
    }
}

/// The relocation of a job's only base.
fn relocation(job: &Job<'_>, map: Map) -> Relocation {
    let BasePart { content, offset, length } = job.base[0];
    Relocation { content, offset, length, map: Arc::new(map) }
}

fn shared_bases(jobs: &[Job<'_>]) -> HashSet<Digest> {
    let mut parts: Vec<&BasePart> = jobs.iter().flat_map(|job| &job.base).collect();
    parts.sort_unstable_by_key(|part| (part.content, part.offset));
    let overlap =
        |two: &&[&BasePart]| two[0].content == two[1].content && two[0].offset + two[0].length > two[1].offset;
    parts.windows(2).filter(overlap).map(|two| two[0].content).collect()
}

/// The segments of a job; `at` is its place among those that are loaded.
fn tasks<'a>(at: usize, job: &'a Job<'_>, loaded: &'a Loaded) -> impl Iterator<Item = Task<'a>> {
    let mut end = 0;
    job.segments.iter().map(move |parts| {
        let start = end;
        end += parts.iter().map(|part| part.length as usize).sum::<usize>();
        Task { job: at, parts, start, base: &job.base, output: &loaded.output[start..end] }
    })
}

/// How many of the jobs are carried out together: at least one, and of the jobs of one file only one.
fn batch_length(jobs: &[Job<'_>]) -> usize {
    let weight = |job: &Job<'_>| job.output_bytes() + INDEXED_FACTOR * job.base_bytes();
    let mut total = weight(&jobs[0]);
    let mut count = 1;
    while let Some(job) = jobs.get(count) {
        total += weight(job);
        if total > BATCH_BYTES || job.continues() {
            break;
        }
        count += 1;
    }
    count
}
