//! Programs among the files: they are recognised, and their bases relocated before differences are made.

use std::io::Read as _;

use super::bases::FileToBuild;
use super::{PrepareError, Source};
use crate::difference::{Base, Level, runs};
use crate::relocation::Map;

/// Smaller programs share segments with other files, which saves more than relocation does.
const PROGRAM_BYTES_MIN: u64 = 48 << 10;
/// Larger ones are built in several jobs, none of which sees all of it.
const PROGRAM_BYTES_MAX: u64 = 128 << 20;

/// Whether the file is a program that is made from one other.
pub(super) fn is_program(file: &FileToBuild<'_>, new: &Source<'_>) -> Result<bool, PrepareError> {
    if !(PROGRAM_BYTES_MIN..=PROGRAM_BYTES_MAX).contains(&file.output.1) || file.bases.len() != 1 {
        return Ok(false);
    }
    let mut start = Vec::new();
    let read = new.open(&file.content)?.take(4).read_to_end(&mut start);
    read.map_err(|source| PrepareError::Read { content: file.content, source })?;
    Ok(start.starts_with(b"\x7fELF") || start.starts_with(b"MZ"))
}

/// How `base` is relocated so that it resembles `output` more, and what it is then.
pub(super) fn relocate(base: &[u8], output: &[u8], level: Level) -> Option<(Map, Vec<u8>)> {
    let found = Map::find(base, output, &runs(&Base::new(base), output))?;
    if level == Level::Publish {
        return Some(found);
    }
    // Tables that had nothing in common before now show how they lie beside each other.
    let (_, relocated) = &found;
    Map::find(base, output, &runs(&Base::new(relocated), output)).or(Some(found))
}
