//! Finds runs: along the last one, and by keys in a window of the earlier stream.

use std::io::{self, Read};

use super::super::{Match, Token};
use super::{Run, Tokens};

/// Shorter runs save only the search, not the tables that it goes by.
const RUN_TOKENS_MIN: usize = 1024;
/// Tokens by which a run is found.
const KEY_TOKENS: usize = 16;
/// Every so many tokens of the earlier stream are a key, and every so many of the new one are looked for. Without a common divisor, so that
/// they meet in each run.
const KEY_STEP: usize = 61;
const LOOK_STEP: usize = 4;
/// Tokens of each stream that are looked at together: runs that moved further are not found.
const WINDOW_TOKENS: usize = 1 << 19;
const INDEX_BITS: u32 = 18;
/// How far back from its end a run is cut, so that it ends behind a match: then nothing is left over of what a compressor knew.
const TRIM_TOKENS: usize = 64;

/// Finds the runs of `new` that `old` has in the same order. Memory: some MiB, whatever the streams' lengths.
///
/// An error of kind `InvalidData` says that one of them isn't a deflate stream.
pub(crate) fn runs(old: impl Read, new: impl Read) -> io::Result<Vec<Run>> {
    let (mut old, mut new) = (Ahead::new(old), Ahead::new(new));
    let mut search = Search::default();
    let mut at = 0;
    loop {
        let diagonal = search.used + (at - search.made);
        old.drop_before(search.used.max(diagonal.saturating_sub(WINDOW_TOKENS as u64 / 4)))?;
        new.drop_before(at)?;
        old.fill()?;
        new.fill()?;
        if new.tokens.is_empty() || old.tokens.is_empty() {
            return Ok(search.runs);
        }
        at = new.start + search.look(&old, &new) as u64;
        if new.is_at_end && at == new.start + new.tokens.len() as u64 {
            return Ok(search.runs);
        }
    }
}

/// The runs so far.
#[derive(Default)]
struct Search {
    runs: Vec<Run>,
    /// Where the last one ends in the new stream and in the earlier one.
    made: u64,
    used: u64,
    /// Whether a window ended it, so that it may go on.
    is_cut: bool,
}

impl Search {
    /// Looks for runs in what is ahead, and tells how many tokens of the new stream are dealt with: at least one.
    fn look<A, B>(&mut self, old: &Ahead<A>, new: &Ahead<B>) -> usize {
        let index = Index::new(&old.tokens);
        // Behind this a run can't be told from a short one yet.
        let end = if new.is_at_end { new.tokens.len() } else { new.tokens.len() - RUN_TOKENS_MIN };
        let mut at = 0;
        while at < end {
            let run = self.run_beside(old, new, at).or_else(|| self.run_elsewhere(&index, old, new, at));
            let Some(Found { made, used, length }) = run else {
                at += 1;
                continue;
            };
            self.add(new.start + made as u64, old.start + used as u64, length as u64);
            at = made + length;
            let is_old_used_up = used + length == old.tokens.len() && !old.is_at_end;
            self.is_cut = is_old_used_up || at == new.tokens.len();
            if is_old_used_up {
                break;
            }
        }
        at
    }

    /// A run that goes on as far from the last one in the earlier stream as in the new one.
    fn run_beside<A, B>(&self, old: &Ahead<A>, new: &Ahead<B>, made: usize) -> Option<Found> {
        let gap = new.start + made as u64 - self.made;
        let used = (self.used + gap).checked_sub(old.start)? as usize;
        let length = alike(old.tokens.get(used..)?, &new.tokens[made..]);
        let is_long = length >= RUN_TOKENS_MIN || self.is_cut && gap == 0 && length > 0;
        is_long.then_some(Found { made, used, length })
    }

    /// A run that is found by a key in it.
    fn run_elsewhere<A, B>(&self, index: &Index, old: &Ahead<A>, new: &Ahead<B>, at: usize) -> Option<Found> {
        if !at.is_multiple_of(LOOK_STEP) {
            return None;
        }
        let place = index.find(&new.tokens[at..])?;
        // Tokens of both windows that are in no run yet.
        let free = (at - self.made.saturating_sub(new.start) as usize)
            .min(place.checked_sub(self.used.saturating_sub(old.start) as usize)?);
        let before = old.tokens[..place].iter().rev().zip(new.tokens[..at].iter().rev());
        let back = before.take(free).take_while(|(old, new)| old == new).count();
        let (used, made) = (place - back, at - back);
        let length = alike(&old.tokens[used..], &new.tokens[made..]);
        (length >= RUN_TOKENS_MIN).then_some(Found { made, used, length })
    }

    fn add(&mut self, made: u64, used: u64, length: u64) {
        let (gap, skip) = (made - self.made, used - self.used);
        match self.runs.last_mut() {
            Some(last) if gap == 0 && skip == 0 => last.length += length,
            _ => self.runs.push(Run { gap, skip, length }),
        }
        (self.made, self.used) = (made + length, used + length);
    }
}

/// A run in the windows.
struct Found {
    made: usize,
    used: usize,
    length: usize,
}

/// How many tokens both begin with, as far as the last match among them.
fn alike(old: &[u32], new: &[u32]) -> usize {
    let alike = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    if alike == old.len() || alike == new.len() {
        return alike;
    }
    let from = alike.saturating_sub(TRIM_TOKENS);
    new[from..alike].iter().rposition(|token| is_match(*token)).map_or(alike, |last| from + last + 1)
}

/// Where keys of a window are, the last of each.
struct Index(Vec<u32>);

impl Index {
    fn new(tokens: &[u32]) -> Self {
        let mut slots = vec![0; 1 << INDEX_BITS];
        for (number, key) in tokens.windows(KEY_TOKENS).step_by(KEY_STEP).enumerate() {
            slots[hash(key)] = (number * KEY_STEP) as u32 + 1;
        }
        Self(slots)
    }

    fn find(&self, tokens: &[u32]) -> Option<usize> {
        let place = self.0[hash(tokens.get(..KEY_TOKENS)?)];
        place.checked_sub(1).map(|place| place as usize)
    }
}

fn hash(key: &[u32]) -> usize {
    let sum = key.iter().fold(0u64, |sum, token| (sum ^ u64::from(*token)).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    (sum >> (u64::BITS - INDEX_BITS)) as usize
}

const MATCH: u32 = 1 << 31;

fn packed(token: Token) -> u32 {
    match token {
        Token::Literal(byte) => byte.into(),
        Token::Match(Match { length, distance }) => MATCH | u32::from(length) << 16 | u32::from(distance),
    }
}

fn is_match(token: u32) -> bool {
    token & MATCH != 0
}

/// The next tokens of a stream.
struct Ahead<R> {
    source: Tokens<R>,
    tokens: Vec<u32>,
    /// The number of the first one in the stream.
    start: u64,
    is_at_end: bool,
}

impl<R: Read> Ahead<R> {
    fn new(source: R) -> Self {
        Self { source: Tokens::new(source), tokens: Vec::new(), start: 0, is_at_end: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        while self.tokens.len() < WINDOW_TOKENS && !self.is_at_end {
            match self.source.next()? {
                Some(token) => self.tokens.push(packed(token)),
                None => self.is_at_end = true,
            }
        }
        Ok(())
    }

    fn drop_before(&mut self, number: u64) -> io::Result<()> {
        let held = (number.saturating_sub(self.start) as usize).min(self.tokens.len());
        self.tokens.drain(..held);
        self.start += held as u64;
        while self.start < number && !self.is_at_end {
            match self.source.next()? {
                Some(_) => self.start += 1,
                None => self.is_at_end = true,
            }
        }
        Ok(())
    }
}
