//! Which runs of the base lie beside which runs of the new bytes.
//!
//! One pass over the new bytes. While they agree with the run that is open they belong to it; a mismatch does not end it, because
//! rebuilt code differs in single bytes all over. Another place in the base takes over when it agrees in clearly more bytes, and
//! only then the border between both is settled. Work is linear: every comparison is bounded, every byte is in one border.

use super::alike::{self, BLOCK_BYTES};
use super::base::{Base, KEY_BYTES};
use super::near::Near;

/// Bytes of the new output that lie beside the base, followed by some that have no counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Where it begins in the base.
    pub base: usize,
    /// Bytes beside the base, alike or not.
    pub beside: usize,
    /// Bytes after them without counterpart.
    pub extra: usize,
}

/// Agreeing with the open run in so many bytes on end, there is no need to look elsewhere.
const SETTLED_BYTES: usize = 32;
/// With so many bytes alike of those near, another place will hardly be better either. Code whose references changed is like that
/// all over, and looking elsewhere at each of its bytes is most of the work.
const NEARLY_SETTLED_BYTES: u32 = 44;
/// Keys that are looked up at once.
const LOOKED_UP_MAX: usize = 16;
/// Another place must agree in so many bytes more than the open run: what a new run costs to describe.
const ADVANTAGE_BYTES: usize = 8;
/// After so many bytes without another place fewer places are looked at.
const PATIENCE_BYTES: usize = 64 << 10;
/// How far two places are compared. More can't change who is better often enough to pay, and it bounds the work.
const COMPARED_BYTES_MAX: usize = 512;

/// The runs that make up `new`, in order. `new` may be of any length.
#[must_use]
pub fn runs(base: &Base<'_>, new: &[u8]) -> Vec<Run> {
    runs_along(base, new, &[])
}

/// The same, where `known` runs make up `new` from a base that this one was made from, place by place: they are tried first.
#[must_use]
pub fn runs_along(base: &Base<'_>, new: &[u8], known: &[Run]) -> Vec<Run> {
    let old = base.bytes();
    let mut runs = Vec::new();
    let mut open = Alignment { new: 0, base: 0 };
    let mut scan = 0;
    let mut search = Search { base, new, near: Near::new(old), known: Known::new(known), in_vain: 0 };
    loop {
        let next = search.next(open, scan);
        let until = next.map_or(new.len(), |next| next.new);
        let mut beside = alike::best_prefix(&old[open.base..], &new[open.new..until]);
        let mut reach = next.map_or(0, |next| alike::best_suffix(&old[..next.base], &new[open.new..next.new]));
        let gap = until - open.new;
        if let Some(next) = next
            && beside + reach > gap
        {
            let shared = open.new + gap - reach..open.new + beside;
            let kept = best_border(old, new, shared.clone(), open, next);
            beside -= shared.len() - kept;
            reach -= kept;
        }
        runs.push(Run { base: open.base, beside, extra: gap - beside - reach });
        let Some(next) = next else { return runs };
        open = Alignment { new: next.new - reach, base: next.base - reach };
        scan = next.new;
    }
}

/// A place in the new bytes and the place in the base beside it.
#[derive(Debug, Clone, Copy)]
struct Alignment {
    new: usize,
    base: usize,
}

/// Looks for alignments.
struct Search<'a> {
    base: &'a Base<'a>,
    new: &'a [u8],
    near: Near<'a>,
    known: Known<'a>,
    /// Bytes of blocks in which nothing was found, since one where there was nothing to look for.
    in_vain: usize,
}

/// Places of a block in which it is worth looking elsewhere.
struct Doubtful {
    /// One bit for each.
    places: u64,
    /// Where the next block begins.
    next: usize,
}

impl Search<'_> {
    /// The next place at or after `scan` from which on another alignment is clearly better than the open one.
    fn next(&mut self, open: Alignment, mut scan: usize) -> Option<Alignment> {
        let old = self.base.bytes();
        while scan < self.new.len() {
            let ahead = &self.new[scan..];
            let beside = old.get(open.base + (scan - open.new)..).unwrap_or_default();
            let equal = alike::equal_blocks(beside, ahead);
            if equal > 0 {
                self.in_vain = 0;
                scan += equal;
                continue;
            }
            let behind = |bytes| <[u8]>::get(bytes, BLOCK_BYTES..).unwrap_or_default();
            let (first, second) = (alike::mask(beside, ahead), alike::mask(behind(beside), behind(ahead)));
            let mask = u128::from(first) | u128::from(second) << BLOCK_BYTES;
            let doubtful = doubtful(mask, ahead.len().min(BLOCK_BYTES));
            if doubtful.places == 0 {
                self.in_vain = 0;
            } else if let Some(found) = self.look(open, scan, doubtful.places & stride(self.in_vain, scan)) {
                self.in_vain = 0;
                return Some(found);
            } else {
                self.in_vain += BLOCK_BYTES;
            }
            scan += doubtful.next;
        }
        None
    }

    /// The first of `places` behind `scan` at which another alignment is clearly better.
    fn look(&mut self, open: Alignment, scan: usize, mut places: u64) -> Option<Alignment> {
        let old = self.base.bytes();
        let here = open.base + (scan - open.new);
        self.near.cover(here, scan);
        while places != 0 {
            // Entries of the table are far from each other: all are fetched before the first is needed.
            let mut entries = [None; LOOKED_UP_MAX];
            for entry in &mut entries {
                if places == 0 {
                    break;
                }
                let place = places.trailing_zeros() as usize;
                places &= places - 1;
                *entry = self.new[scan + place..].first_chunk().map(|key| (place, self.base.look(key)));
            }
            for (place, entry) in entries.into_iter().flatten() {
                let at = scan + place;
                let key = self.new[at..].first_chunk().expect("a near key is shorter than another");
                let candidates = [self.base.position(entry), self.near.position(key), self.known.position(at)];
                let beside = old.get(here + place..).unwrap_or_default();
                let better = candidates.into_iter().flatten().filter(|candidate| *candidate != here + place);
                let better = better.filter_map(|candidate| Some((self.advantage(beside, candidate, at)?, candidate)));
                if let Some((_, base)) = better.max_by_key(|(length, _)| *length) {
                    return Some(Alignment { new: at, base });
                }
            }
        }
        None
    }

    /// How many bytes from `at` on are like those from `candidate` on, if these are clearly better than those `beside`.
    fn advantage(&self, beside: &[u8], candidate: usize, at: usize) -> Option<usize> {
        let ahead = limited(&self.new[at..]);
        let length = alike::prefix(limited(self.base.bytes().get(candidate..)?), ahead);
        let is_better = length >= KEY_BYTES && length > alike::count(beside, &ahead[..length]) + ADVANTAGE_BYTES;
        is_better.then_some(length)
    }
}

/// Runs that were found before.
struct Known<'a> {
    runs: &'a [Run],
    /// Where the first of them begins.
    start: usize,
}

impl<'a> Known<'a> {
    fn new(runs: &'a [Run]) -> Self {
        Self { runs, start: 0 }
    }

    /// What they have beside `at`. Places are asked for in order.
    fn position(&mut self, at: usize) -> Option<usize> {
        while let Some((first, rest)) = self.runs.split_first() {
            let end = self.start + first.beside + first.extra;
            if at < end {
                return (at >= self.start).then(|| first.base + (at - self.start));
            }
            (self.runs, self.start) = (rest, end);
        }
        None
    }
}

/// At which places of the block at `scan` to look, after so many bytes in vain. The longer nothing was found, the less likely it is that
/// something will be, and what begins between two places is found a little later and followed back. Places are an odd number apart and
/// another one in each block, so that sooner or later each of them meets one that is indexed.
fn stride(in_vain: usize, scan: usize) -> u64 {
    let apart = match in_vain / PATIENCE_BYTES {
        0 => return u64::MAX,
        1 => 3,
        2..8 => 5,
        _ => 9,
    };
    let places = (0..BLOCK_BYTES).step_by(apart).fold(0u64, |places, place| places | 1 << place);
    places.rotate_left((scan / BLOCK_BYTES) as u32)
}

/// Looks at a block of `length` bytes: `alike` has a bit for each of its bytes, and those of the block behind it.
fn doubtful(alike: u128, length: usize) -> Doubtful {
    let (mut places, mut at) = (0, 0);
    while at < length {
        let rest = alike >> at;
        let settled = rest.trailing_ones() as usize;
        if settled >= SETTLED_BYTES {
            at += settled;
        } else if (rest as u64).count_ones() >= NEARLY_SETTLED_BYTES {
            at += settled + 1;
        } else {
            places |= 1 << at;
            at += 1;
        }
    }
    Doubtful { places, next: at }
}

fn limited(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(COMPARED_BYTES_MAX)]
}

/// The part of `runs` that makes up the given range of what they make up.
#[must_use]
pub fn part_of_runs(runs: &[Run], range: std::ops::Range<usize>) -> Vec<Run> {
    let mut part = Vec::new();
    let mut start = 0;
    for run in runs {
        let end = start + run.beside + run.extra;
        let (from, to) = (range.start.max(start), range.end.min(end));
        if from < to {
            let border = (start + run.beside).clamp(from, to);
            part.push(Run {
                base: run.base + (from - start).min(run.beside),
                beside: border - from,
                extra: to - border,
            });
        }
        start = end;
    }
    part
}

/// How many of the `shared` new bytes, which both runs could have, the first keeps so that most bytes are alike.
fn best_border(old: &[u8], new: &[u8], shared: std::ops::Range<usize>, first: Alignment, second: Alignment) -> usize {
    let (mut score, mut best, mut kept) = (0isize, 0isize, 0);
    for (index, place) in shared.enumerate() {
        score += isize::from(new[place] == old[first.base + place - first.new]);
        score -= isize::from(new[place] == old[second.base + place - second.new]);
        if score > best {
            (best, kept) = (score, index + 1);
        }
    }
    kept
}
