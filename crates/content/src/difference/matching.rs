//! Which runs of the base lie beside which runs of the new bytes.
//!
//! One pass over the new bytes. While they agree with the run that is open they belong to it; a mismatch does not end it, because
//! rebuilt code differs in single bytes all over. Another place in the base takes over when it agrees in clearly more bytes, and
//! only then the border between both is settled. Work is linear: every comparison is bounded, every byte is in one border.

use super::base::{Base, KEY_BYTES};

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
const NEARLY_SETTLED_BYTES: usize = 44;
const NEAR_BYTES: usize = 64;
/// Another place must agree in so many bytes more than the open run: what a new run costs to describe.
const ADVANTAGE_BYTES: usize = 8;
/// How far two places are compared. More can't change who is better often enough to pay, and it bounds the work.
const COMPARED_BYTES_MAX: usize = 512;

/// The runs that make up `new`, in order. `new` may be of any length.
pub fn runs(base: &Base<'_>, new: &[u8]) -> Vec<Run> {
    let old = base.bytes();
    let mut runs = Vec::new();
    let mut open = Alignment { new: 0, base: 0 };
    let mut scan = 0;
    loop {
        let next = next_alignment(base, new, open, scan);
        let until = next.map_or(new.len(), |next| next.new);
        let mut beside = agreeing_forward(&old[open.base..], &new[open.new..until]);
        let mut reach = next.map_or(0, |next| agreeing_backward(&old[..next.base], &new[open.new..next.new]));
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

impl Alignment {
    /// The place in the base beside `new`, if the base reaches there.
    fn beside(self, new: usize, base_length: usize) -> Option<usize> {
        let base = self.base + (new - self.new);
        (base < base_length).then_some(base)
    }
}

/// The next place at or after `scan` from which on another alignment is clearly better than the open one.
fn next_alignment(base: &Base<'_>, new: &[u8], open: Alignment, mut scan: usize) -> Option<Alignment> {
    let old = base.bytes();
    while scan < new.len() {
        let here = open.beside(scan, old.len());
        let beside = here.map_or(&[][..], |here| &old[here..]);
        let settled = common_prefix(beside, &new[scan..]);
        if settled >= SETTLED_BYTES {
            scan += settled;
            continue;
        }
        let ahead = new[scan..].len().min(NEAR_BYTES);
        if agreeing(beside, &new[scan..scan + ahead]) >= NEARLY_SETTLED_BYTES {
            scan += settled + 1;
            continue;
        }
        if let Some(candidate) = base.candidate(&new[scan..])
            && Some(candidate) != here
        {
            let length = common_prefix(limited(&old[candidate..]), limited(&new[scan..]));
            if length >= KEY_BYTES && length > agreeing(beside, &new[scan..scan + length]) + ADVANTAGE_BYTES {
                return Some(Alignment { new: scan, base: candidate });
            }
        }
        scan += 1;
    }
    None
}

fn limited(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(COMPARED_BYTES_MAX)]
}

/// How many bytes are alike, place by place.
fn agreeing(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).filter(|(a, b)| a == b).count()
}

/// How many bytes at the beginning are alike without exception.
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let words = a.chunks_exact(8).zip(b.chunks_exact(8)).take_while(|(a, b)| a == b).count() * 8;
    words + a[words..].iter().zip(&b[words..]).take_while(|(a, b)| a == b).count()
}

/// How far to go from the beginning so that, of the bytes passed, those alike outnumber the others by most.
fn agreeing_forward(old: &[u8], new: &[u8]) -> usize {
    best_prefix(old.iter().zip(new).map(|(old, new)| old == new))
}

/// How far to go back from the end, likewise.
fn agreeing_backward(old: &[u8], new: &[u8]) -> usize {
    best_prefix(old.iter().rev().zip(new.iter().rev()).map(|(old, new)| old == new))
}

fn best_prefix(alike: impl Iterator<Item = bool>) -> usize {
    let (mut score, mut best, mut length) = (0isize, 0isize, 0);
    for (index, alike) in alike.enumerate() {
        score += if alike { 1 } else { -1 };
        if score > best {
            (best, length) = (score, index + 1);
        }
    }
    length
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
