//! Programs among the files: they are recognised, and their bases relocated before differences are made.

use std::collections::HashMap;
use std::io::{self, Read as _};
use std::ops::Range;

use super::bases::{FileToBuild, InnerProgram, outline};
use super::{PrepareError, Source};
use crate::container::{self, Layout};
use crate::difference::{Base, Level, Run, runs};
use crate::limits::Limits;
use crate::read_at::ReadAt;
use crate::relocation::Map;

/// Smaller programs share segments with other files, which saves more than relocation does.
const PROGRAM_BYTES_MIN: u64 = 48 << 10;
/// What tells a program at its beginning.
const START_BYTES: usize = 4;
/// Larger ones are built in several jobs, none of which sees all of it.
const PROGRAM_BYTES_MAX: u64 = 128 << 20;

/// Whether the file is a program that is made from one other.
pub(super) fn is_program(file: &FileToBuild<'_>, new: &Source<'_>) -> Result<bool, PrepareError> {
    if !(PROGRAM_BYTES_MIN..=PROGRAM_BYTES_MAX).contains(&file.output.1) || file.bases.len() != 1 {
        return Ok(false);
    }
    let mut start = Vec::new();
    let read = new.open(&file.content)?.take(START_BYTES as u64).read_to_end(&mut start);
    read.map_err(|source| PrepareError::Read { content: file.content, source })?;
    Ok(begins_program(&start))
}

fn begins_program(start: &[u8]) -> bool {
    start.starts_with(b"\x7fELF") || start.starts_with(b"MZ")
}

/// The streams of a container, by their names: their ranges in the opened form.
pub(super) type Streams = Vec<(String, Range<u64>)>;

/// Where a container's streams are in its opened form, those aside that are containers themselves.
pub(super) fn streams(file: &(dyn ReadAt + Sync), layout: &Layout, limits: &Limits) -> io::Result<Streams> {
    let mut names = container::names(file, limits)?;
    let (mut stored, mut opened) = (0, 0);
    let mut streams = Vec::new();
    for stream in layout.streams() {
        let (start, length) = (opened + stream.before(), stream.opened_length());
        if let Some(name) = names.remove(&(stored + stream.before())).filter(|_| !stream.is_container()) {
            streams.push((name, start..start + length));
        }
        stored += stream.before() + stream.stored_length();
        opened = start + length;
    }
    Ok(streams)
}

/// The programs among the streams of a wanted container, whose opened form is `form`, each with its namesake in the base. What has none by
/// its whole name may have one by its name without numbers.
pub(super) fn inner_programs(old: &Streams, new: &Streams, form: &impl ReadAt) -> io::Result<Vec<InnerProgram>> {
    let mut same: HashMap<&str, &Range<u64>> = old.iter().map(|(name, range)| (name.as_str(), range)).collect();
    let mut programs = Vec::new();
    let mut others = Vec::new();
    for (name, output) in new {
        let mut start = [0; START_BYTES];
        if !(PROGRAM_BYTES_MIN..=PROGRAM_BYTES_MAX).contains(&(output.end - output.start)) {
            continue;
        }
        form.read_at(output.start, &mut start)?;
        match same.remove(name.as_str()) {
            _ if !begins_program(&start) => {}
            Some(base) => programs.push(InnerProgram { base: base.clone(), output: output.clone() }),
            None => others.push((outline(name.as_bytes()), output)),
        }
    }
    let mut alike: HashMap<Vec<u8>, &Range<u64>> = HashMap::new();
    for (name, range) in old.iter().filter(|(name, _)| same.contains_key(name.as_str())) {
        alike.entry(outline(name.as_bytes())).or_insert(range);
    }
    for (name, output) in others {
        let base = alike.remove(&name).cloned();
        programs.extend(base.map(|base| InnerProgram { base, output: output.clone() }));
    }
    programs
        .retain(|program| (PROGRAM_BYTES_MIN..=PROGRAM_BYTES_MAX).contains(&(program.base.end - program.base.start)));
    programs.sort_unstable_by_key(|program| program.output.start);
    Ok(programs)
}

/// A base that was relocated, and how.
pub(super) struct Relocated {
    pub(super) map: Map,
    pub(super) base: Vec<u8>,
}

/// Which runs of `base` lie beside which of `output`, and how `base` is relocated so that it resembles `output` more.
pub(super) fn relocate(base: &[u8], output: &[u8], level: Level) -> (Vec<Run>, Option<Relocated>) {
    let first = runs(&Base::new(base), output);
    let Some((map, relocated)) = Map::find(base, output, &first) else { return (first, None) };
    let found = Relocated { map, base: relocated };
    if level == Level::Publish {
        return (first, Some(found));
    }
    // Tables that had nothing in common before now show how they lie beside each other.
    let second = runs(&Base::new(&found.base), output);
    match Map::find(base, output, &second) {
        Some((map, base)) => (second, Some(Relocated { map, base })),
        None => (first, Some(found)),
    }
}
