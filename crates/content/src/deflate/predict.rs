//! zlib's search for matches, followed token by token.
//!
//! The predictor says what zlib would write next, and is then told what the stream has; it goes on from there as zlib would have, had it
//! chosen that. Sources: zlib's `deflate.c` (`longest_match`, `deflate_fast`, `deflate_slow`, `configuration_table`); gzip
//! and Info-ZIP have the same. Positions are those of the text, so the tables never move.

use super::symbols::{HISTORY_BYTES, LENGTH_MAX, LENGTH_MIN};
use super::window::Window;
use super::{Match, Token};

/// Bytes behind a position that [`Predictor::predict`] may look at, unless the text ends before: a match at the next position, and the
/// key behind it.
pub(super) const LOOKAHEAD: u32 = LENGTH_MAX as u32 + 4;

/// zlib never reaches back further than this, so that a search never runs off its window.
const DISTANCE_MAX: u32 = HISTORY_BYTES - LENGTH_MAX as u32 - LENGTH_MIN as u32 - 1;
/// A match of 3 bytes further back than this costs more than literals.
const FAR: u32 = 4096;
const MASK: usize = HISTORY_BYTES as usize - 1;

/// With which settings the writer ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    /// zlib's level, 1 to 9.
    pub(super) level: u8,
    /// Bits of the hash: 15 with zlib's usual memory level of 8, 16 with 9.
    pub(super) hash_bits: u8,
}

impl Style {
    pub(super) const HASH_BITS: std::ops::RangeInclusive<u8> = 8..=16;

    /// The settings of most archives.
    pub(crate) const USUAL: Self = Self { level: 6, hash_bits: 15 };

    /// All that are tried, the likely ones first.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        [15, 16].into_iter().flat_map(|hash_bits| [6, 9, 8, 5, 7, 1, 4, 3, 2].map(|level| Self { level, hash_bits }))
    }

    fn tuning(self) -> Tuning {
        let tuning = |lazy, good, longest, nice, chain| Tuning { lazy, good, longest, nice, chain };
        match self.level {
            1 => tuning(false, 4, 4, 8, 4),
            2 => tuning(false, 4, 5, 16, 8),
            3 => tuning(false, 4, 6, 32, 32),
            4 => tuning(true, 4, 4, 16, 16),
            5 => tuning(true, 8, 16, 32, 32),
            6 => tuning(true, 8, 16, 128, 128),
            7 => tuning(true, 8, 32, 128, 256),
            8 => tuning(true, 32, 128, 258, 1024),
            _ => tuning(true, 32, 258, 258, 4096),
        }
    }
}

/// zlib's `config`.
#[derive(Debug, Clone, Copy)]
struct Tuning {
    /// Whether a match is only taken when the next position has no longer one.
    lazy: bool,
    /// From this length on, the next position is searched a quarter as far.
    good: u32,
    /// Lazy: from this length on, the next position isn't searched. Else: up to this length, all positions of a match are indexed.
    longest: u32,
    /// From this length on, a search ends.
    nice: u32,
    /// Candidates that a search looks at.
    chain: u32,
}

/// Says what comes next.
pub(super) struct Predictor {
    tuning: Tuning,
    hash_bits: u32,
    hash_shift: u32,
    /// The last position of each hash; 0, which zlib can't reach either, means none.
    last: Vec<u32>,
    /// By position, modulo the window: the position before it with the same hash.
    before: Box<[u32; MASK + 1]>,
    /// The first position that isn't indexed.
    indexed: u32,
    /// What was found when the position before was looked at.
    found: Option<Match>,
    /// What the last prediction found at the position behind it.
    found_next: Option<Match>,
}

impl Predictor {
    pub(super) fn new(style: Style) -> Self {
        let hash_bits = u32::from(style.hash_bits);
        Self {
            tuning: style.tuning(),
            hash_bits,
            hash_shift: hash_bits.div_ceil(3),
            last: vec![0; 1 << hash_bits],
            before: Box::new([0; MASK + 1]),
            indexed: 0,
            found: None,
            found_next: None,
        }
    }

    /// The token that zlib would write at `at`. The window has [`LOOKAHEAD`] bytes from there, or all that there are, and at least 1.
    pub(super) fn predict(&mut self, window: &Window, at: u32) -> Token {
        self.index(window, at + 1);
        self.found_next = None;
        let here = match self.found.take() {
            Some(found) => Some(found),
            None => self.search(window, at, LENGTH_MIN - 1, self.tuning.chain).filter(|found| self.is_worth(*found)),
        };
        let Some(here) = here else {
            return Token::Literal(window.from(at)[0]);
        };
        if self.tuning.lazy && u32::from(here.length) < self.tuning.longest {
            let shorter = u32::from(here.length) >= self.tuning.good;
            let chain = if shorter { self.tuning.chain >> 2 } else { self.tuning.chain };
            self.index(window, at + 2);
            self.found_next = self.search(window, at + 1, here.length, chain);
            if self.found_next.is_some() {
                return Token::Literal(window.from(at)[0]);
            }
        }
        Token::Match(here)
    }

    /// Tells what the stream has at `at`. The window has 2 bytes behind the token, or all that there are.
    pub(super) fn accept(&mut self, window: &Window, at: u32, token: Token) {
        match token {
            Token::Literal(_) => {
                self.index(window, at + 1);
                self.found = self.found_next.take();
            }
            Token::Match(found) => {
                let length = u32::from(found.length);
                self.found = None;
                if self.tuning.lazy || length <= self.tuning.longest {
                    self.index(window, at + length);
                } else {
                    self.index(window, at + 1);
                    self.indexed = self.indexed.max(at + length);
                }
            }
        }
    }

    /// Tells that stored bytes come next, up to `end`.
    pub(super) fn accept_stored(&mut self, window: &Window, end: u32) {
        self.found = None;
        self.index(window, end);
    }

    fn is_worth(&self, found: Match) -> bool {
        !self.tuning.lazy || found.length > LENGTH_MIN || u32::from(found.distance) <= FAR
    }

    /// Indexes all positions before `end` that have a key.
    fn index(&mut self, window: &Window, end: u32) {
        while self.indexed < end {
            let Some(key) = window.from(self.indexed).first_chunk::<3>() else {
                return;
            };
            let slot = &mut self.last[hash(*key, self.hash_bits, self.hash_shift)];
            self.before[self.indexed as usize & MASK] = *slot;
            *slot = self.indexed;
            self.indexed += 1;
        }
    }

    /// The longest match at `at` that is longer than `floor`, the nearest of equals, among `chain` candidates.
    fn search(&self, window: &Window, at: u32, floor: u16, mut chain: u32) -> Option<Match> {
        let mut candidate = self.before[at as usize & MASK];
        if self.indexed <= at || candidate == 0 || at - candidate > DISTANCE_MAX {
            return None;
        }
        let text = window.from(at);
        let text = &text[..text.len().min(usize::from(LENGTH_MAX))];
        let nice = (self.tuning.nice as usize).min(text.len());
        let limit = at.saturating_sub(DISTANCE_MAX);
        let mut best = usize::from(floor);
        let mut found = None;
        if best >= text.len() {
            return None;
        }
        let (mut last_two, first_two) = (two(text, best - 1), two(text, 0));
        loop {
            let other = window.from(candidate);
            // A longer match has the byte behind the best one, and most candidates fail there.
            if two(other, best - 1) == last_two && two(other, 0) == first_two {
                let length = common(&other[..text.len()], text);
                if length > best {
                    best = length;
                    found = Some(Match { length: length as u16, distance: (at - candidate) as u16 });
                    if length >= nice {
                        return found;
                    }
                    last_two = two(text, best - 1);
                }
            }
            candidate = self.before[candidate as usize & MASK];
            chain -= 1;
            if candidate <= limit || chain == 0 {
                return found;
            }
        }
    }
}

/// zlib's rolling hash of three bytes.
fn hash(key: [u8; 3], bits: u32, shift: u32) -> usize {
    let [a, b, c] = key.map(u32::from);
    ((a << (2 * shift) ^ b << shift ^ c) & ((1 << bits) - 1)) as usize
}

fn two(bytes: &[u8], at: usize) -> [u8; 2] {
    [bytes[at], bytes[at + 1]]
}

/// Bytes that two texts of the same length have in common at their beginning.
fn common(a: &[u8], b: &[u8]) -> usize {
    let mut length = 0;
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        let a = u64::from_le_bytes(a.try_into().expect("a chunk has 8 bytes"));
        let b = u64::from_le_bytes(b.try_into().expect("a chunk has 8 bytes"));
        if a != b {
            return length + ((a ^ b).trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    length + a[length..].iter().zip(&b[length..]).take_while(|(a, b)| a == b).count()
}
