//! The map: how far what is at an address of the old program has moved.

use crate::codec::{DecodeError, Reader, put_signed, put_varint};
use crate::difference::Run;
use crate::relocation::image::{Image, Kind, Section};

/// Moves that a map may have: 16 MiB of memory.
const MOVES_MAX: u64 = 1 << 20;
/// Shorter runs are found by chance, and their moves cost more than they save.
const RUN_BYTES_MIN: usize = 32;

/// What a move or a kept page is taken to cost, in bytes that are alike.
const MOVE_COST: i64 = 8;
/// Granularity in which a file is left as it is.
const PAGE_BYTES: u64 = 4 << 10;
/// Pages that a file may have: so many that their bytes are still a number of 64 bits.
const PAGES_MAX: u64 = 1 << 51;

/// How far each address has moved. An address moves as far as the nearest one before it that is listed, or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Map {
    /// Ascending by address; neighbours have different shifts.
    moves: Vec<Move>,
    /// Pages of the file that stay as they are, because most of what looked like references there were none. Ascending, apart.
    kept_pages: Vec<std::ops::Range<u64>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) address: u64,
    /// To be added to an address, wrapping.
    pub(super) shift: i64,
}

/// How many more bytes of each page of `old` are like those beside them in `new` when it is relocated.
fn page_gains(old: &[u8], relocated: &[u8], new: &[u8], runs: &[Run]) -> Vec<i64> {
    let mut gains = vec![0; old.len().div_ceil(PAGE_BYTES as usize)];
    let mut at = 0;
    for run in runs {
        let mut from = run.base;
        let end = run.base + run.beside;
        while from < end {
            let to = end.min((from / PAGE_BYTES as usize + 1) * PAGE_BYTES as usize);
            let beside = &new[at + (from - run.base)..][..to - from];
            if old[from..to] != relocated[from..to] {
                let alike = |bytes: &[u8]| bytes.iter().zip(beside).filter(|(a, b)| a == b).count() as i64;
                gains[from / PAGE_BYTES as usize] += alike(&relocated[from..to]) - alike(&old[from..to]);
            }
            from = to;
        }
        at += run.beside + run.extra;
    }
    gains
}

/// Where references are known by more than their value, a loss is due to runs that lie wrongly.
fn spare_sure_sections(gains: &mut [i64], image: &Image) {
    let is_sure = |section: &&Section| !matches!(section.kind, Kind::Words | Kind::WordsAndRelative);
    for section in image.sections.iter().filter(is_sure) {
        let pages =
            (section.offset / PAGE_BYTES) as usize..(section.offset + section.length).div_ceil(PAGE_BYTES) as usize;
        gains[pages].iter_mut().for_each(|gain| *gain = (*gain).max(0));
    }
}

fn page_bytes(number: u64, length: usize) -> std::ops::Range<usize> {
    let start = (number * PAGE_BYTES) as usize;
    start..length.min(start + PAGE_BYTES as usize)
}

impl Map {
    /// The map of the `runs` in which the bytes of `new` lie beside those of `old`, and `old` relocated by it; `None` when these are
    /// not two programs of one kind, nothing has moved, or relocation makes them no more alike.
    #[must_use]
    pub fn find(old: &[u8], new: &[u8], runs: &[Run]) -> Option<(Self, Vec<u8>)> {
        let mut map = Self::of_runs(old, new, runs)?;
        let mut relocated = super::relocate(old, &map);
        let mut gains = page_gains(old, &relocated, new, runs);
        spare_sure_sections(&mut gains, &Image::read(&old).ok()??);
        for (number, _) in gains.iter().enumerate().filter(|(_, gain)| **gain < 0) {
            let number = number as u64;
            match map.kept_pages.last_mut() {
                Some(last) if last.end == number => last.end += 1,
                _ => map.kept_pages.push(number..number + 1),
            }
            let page = page_bytes(number, old.len());
            relocated[page.clone()].copy_from_slice(&old[page]);
        }
        let gain: i64 = gains.iter().filter(|gain| **gain > 0).sum();
        (gain > MOVE_COST * (map.moves.len() + map.kept_pages.len()) as i64).then_some((map, relocated))
    }

    fn of_runs(old: &[u8], new: &[u8], runs: &[Run]) -> Option<Self> {
        let (old, new) = (Image::read(&old).ok()??, Image::read(&new).ok()??);
        let mut ranges = Vec::new();
        let mut at = 0;
        for run in runs {
            if run.beside >= RUN_BYTES_MIN {
                add_run(&mut ranges, &old.sections, &new.sections, (run.base as u64, at, run.beside as u64));
            }
            at += (run.beside + run.extra) as u64;
        }
        for section in &old.sections {
            let same = new.sections.iter().find(|other| other.name == section.name);
            if let Some((from, to)) = section.address.zip(same.and_then(|same| same.address)) {
                // What lies there in memory but not in the file moves with its section.
                let end = from.wrapping_add(section.memory.max(1));
                ranges.push(Range {
                    from,
                    to: from.saturating_add(1),
                    shift: to.wrapping_sub(from) as i64,
                    is_sure: false,
                });
                let unstored = from.wrapping_add(section.length);
                ranges.push(Range { from: unstored, to: end, shift: to.wrapping_sub(from) as i64, is_sure: false });
            }
        }
        let map = Self::from_ranges(ranges);
        map.moves.iter().any(|found| found.shift != 0).then_some(map)
    }

    /// Where ranges overlap, sure ones count, and of those the one that begins first.
    fn from_ranges(mut ranges: Vec<Range>) -> Self {
        ranges.retain(|range| range.from < range.to);
        ranges.sort_by_key(|range| (range.from, !range.is_sure, range.to));
        let mut moves: Vec<Move> = Vec::new();
        let mut end = 0;
        for range in ranges {
            if range.to <= end {
                continue;
            }
            let address = range.from.max(end);
            if moves.last().map_or(0, |last| last.shift) != range.shift {
                moves.push(Move { address, shift: range.shift });
            }
            end = range.to;
        }
        moves.truncate(MOVES_MAX as usize);
        Self { moves, kept_pages: Vec::new() }
    }

    /// Puts back what stays as it is of `relocated`, which begins at `start` of the file and was `old`.
    pub(super) fn keep(&self, old: &[u8], relocated: &mut [u8], start: u64) {
        let end = start + old.len() as u64;
        let first = self.kept_pages.partition_point(|pages| pages.end * PAGE_BYTES <= start);
        for pages in self.kept_pages[first..].iter().take_while(|pages| pages.start * PAGE_BYTES < end) {
            let from = ((pages.start * PAGE_BYTES).max(start) - start) as usize;
            let to = ((pages.end * PAGE_BYTES).min(end) - start) as usize;
            relocated[from..to].copy_from_slice(&old[from..to]);
        }
    }

    /// A map of moves, each an address with how far it has moved, and of pages (of 4 KiB) that stay as they are; `None` when either are
    /// not ascending, or neighbouring moves are alike.
    #[must_use]
    pub fn new(
        moves: impl IntoIterator<Item = (u64, i64)>,
        kept_pages: impl IntoIterator<Item = std::ops::Range<u64>>,
    ) -> Option<Self> {
        let moves: Vec<Move> = moves.into_iter().map(|(address, shift)| Move { address, shift }).collect();
        let kept_pages: Vec<_> = kept_pages.into_iter().collect();
        let are_moves = moves.windows(2).all(|two| two[0].address < two[1].address && two[0].shift != two[1].shift);
        let are_pages = kept_pages.iter().all(|pages| pages.start < pages.end && pages.end <= PAGES_MAX)
            && kept_pages.windows(2).all(|two| two[0].end < two[1].start);
        let first_moves = moves.first().is_none_or(|first| first.shift != 0);
        (are_moves && are_pages && first_moves).then_some(Self { moves, kept_pages })
    }

    /// How many moves it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.moves.len()
    }

    /// Whether nothing moves.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.moves.is_empty()
    }

    pub(super) fn moves(&self) -> &[Move] {
        &self.moves
    }

    /// Writes it (`docs/formats.md`, "Relocation map").
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.moves.len() as u64);
        let mut before = Move { address: 0, shift: 0 };
        for found in &self.moves {
            put_varint(out, found.address - before.address);
            put_signed(out, found.shift.wrapping_sub(before.shift));
            before = *found;
        }
        put_varint(out, self.kept_pages.len() as u64);
        let mut end = 0;
        for pages in &self.kept_pages {
            put_varint(out, pages.start - end);
            put_varint(out, pages.end - pages.start);
            end = pages.end;
        }
    }

    /// Reads what [`Map::put`] wrote.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = reader.count("moves in a relocation map", MOVES_MAX, 2)?;
        let mut moves = Vec::with_capacity(count);
        let mut before = Move { address: 0, shift: 0 };
        for number in 0..count {
            let step = reader.varint()?;
            let address = before.address.checked_add(step).filter(|_| step > 0 || number == 0);
            let address = address.ok_or_else(|| reader.malformed("its moves are not ascending"))?;
            let change = reader.signed()?;
            if change == 0 {
                return Err(reader.malformed("a move changes nothing"));
            }
            before = Move { address, shift: before.shift.wrapping_add(change) };
            moves.push(before);
        }
        let count = reader.count("kept pages in a relocation map", MOVES_MAX, 2)?;
        let mut kept_pages: Vec<std::ops::Range<u64>> = Vec::with_capacity(count);
        let mut end = 0u64;
        for number in 0..count {
            let skip = reader.bounded("pages in a program", PAGES_MAX)?;
            let length = reader.bounded("pages in a program", PAGES_MAX)?;
            if length == 0 || (skip == 0 && number > 0) || end + skip + length > PAGES_MAX {
                return Err(reader.malformed("its pages are not ascending"));
            }
            kept_pages.push(end + skip..end + skip + length);
            end += skip + length;
        }
        Ok(Self { moves, kept_pages })
    }
}

/// Addresses that moved together.
struct Range {
    from: u64,
    to: u64,
    shift: i64,
    /// Seen in bytes, not guessed from a section.
    is_sure: bool,
}

/// Cuts a run where a section begins or ends on either side.
fn add_run(ranges: &mut Vec<Range>, old: &[Section], new: &[Section], (mut from, mut to, mut left): (u64, u64, u64)) {
    while left > 0 {
        let (before, after) = (Place::of(old, from), Place::of(new, to));
        let length = left.min(before.left).min(after.left);
        if let (Some(before), Some(after)) = (before.address, after.address) {
            let shift = after.wrapping_sub(before) as i64;
            ranges.push(Range { from: before, to: before.saturating_add(length), shift, is_sure: true });
        }
        (from, to, left) = (from + length, to + length, left - length);
    }
}

/// Where a byte of a file is in memory, and how many follow it there.
struct Place {
    address: Option<u64>,
    left: u64,
}

impl Place {
    fn of(sections: &[Section], offset: u64) -> Self {
        let next = sections.partition_point(|section| section.offset <= offset);
        let here = next.checked_sub(1).map(|here| &sections[here]);
        match here.filter(|section| offset - section.offset < section.length) {
            Some(section) => {
                let into = offset - section.offset;
                let address = section.address.map(|address| address.wrapping_add(into));
                Self { address, left: section.length - into }
            }
            None => {
                let until = sections.get(next).map_or(u64::MAX, |next| next.offset);
                Self { address: None, left: until - offset }
            }
        }
    }
}
