//! zlib's search for matches, followed token by token.
//!
//! The predictor says what zlib would write next, and is then told what the stream has; it goes on from there as zlib would have, had it
//! chosen that. It doesn't look at all that zlib looks at: candidates are found by four bytes, and [`Ranks`] tells which of them zlib would
//! have got to. Sources: zlib's `deflate.c` (`longest_match`, `deflate_fast`, `deflate_slow`, `configuration_table`); gzip
//! and Info-ZIP have the same. Positions are those of the text, so the tables never move.

use super::chains::{Chains, Ranks, Reach};
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
/// Bytes of a longer key. zlib's chains have three, and most of what is in them is no better than that.
const FOUR: usize = 4;

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
    ranks: Ranks,
    threes: Chains,
    fours: Chains,
    /// The first position that isn't indexed.
    indexed: u32,
    /// What was found when the position before was looked at.
    found: Option<Match>,
    /// What the last prediction found at the position behind it.
    found_next: Option<Match>,
}

impl Predictor {
    pub(super) fn new(style: Style) -> Self {
        Self {
            tuning: style.tuning(),
            ranks: Ranks::new(u32::from(style.hash_bits)),
            threes: Chains::new(),
            fours: Chains::new(),
            indexed: 0,
            found: None,
            found_next: None,
        }
    }

    /// The token that zlib would write at `at`. The window has [`LOOKAHEAD`] bytes from there, or all that there are, and at least 1.
    pub(super) fn predict(&mut self, window: &Window, at: u32) -> Token {
        self.index(window, at + 1, false);
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
            self.index(window, at + 2, false);
            self.found_next = self.search(window, at + 1, here.length, chain);
            if self.found_next.is_some() {
                return Token::Literal(window.from(at)[0]);
            }
        }
        Token::Match(here)
    }

    /// Tells what the stream has at `at`. The window has 3 bytes behind the token, or all that there are.
    pub(super) fn accept(&mut self, window: &Window, at: u32, token: Token) {
        match token {
            Token::Literal(_) => {
                self.index(window, at + 1, false);
                self.found = self.found_next.take();
            }
            Token::Match(found) => {
                let length = u32::from(found.length);
                self.found = None;
                if self.tuning.lazy || length <= self.tuning.longest {
                    self.index(window, at + length, false);
                } else {
                    self.index(window, at + 1, false);
                    self.indexed = self.indexed.max(at + length);
                }
            }
        }
    }

    /// Tells what the stream has at `at`, without a prediction before it. As [`Predictor::accept`], but what the next prediction can't reach is
    /// not indexed.
    pub(super) fn pass(&mut self, window: &Window, at: u32, token: Token) {
        (self.found, self.found_next) = (None, None);
        if self.tuning.lazy {
            let end = at + token.length();
            self.indexed = self.indexed.max(end.saturating_sub(HISTORY_BYTES));
        } else {
            // Here it depends on the tokens what is indexed.
            self.accept(window, at, token);
        }
    }

    /// Tells that stored bytes come next, up to `end`.
    pub(super) fn accept_stored(&mut self, window: &Window, end: u32) {
        self.found = None;
        self.index(window, end, true);
    }

    fn is_worth(&self, found: Match) -> bool {
        !self.tuning.lazy || found.length > LENGTH_MIN || u32::from(found.distance) <= FAR
    }

    /// Indexes all positions before `end` that have a key. Without `more` to come the last key is shorter.
    fn index(&mut self, window: &Window, end: u32, more: bool) {
        if self.indexed >= end {
            return;
        }
        let text = window.from(self.indexed);
        for key in text.windows(FOUR).take((end - self.indexed) as usize) {
            let &[a, b, c, d] = key else { unreachable!("a window is as long as it was asked for") };
            self.index_three([a, b, c]);
            self.fours.add(u32::from_le_bytes([a, b, c, d]), self.indexed);
            self.indexed += 1;
        }
        if let &[a, b, c] = window.from(self.indexed)
            && self.indexed < end
            && !more
        {
            self.index_three([a, b, c]);
            self.indexed += 1;
        }
    }

    fn index_three(&mut self, key: [u8; 3]) {
        self.ranks.add(key, self.indexed);
        self.threes.add(three(key), self.indexed);
    }

    /// The longest match at `at` that is longer than `floor`, the nearest of equals, among `chain` candidates.
    fn search(&self, window: &Window, at: u32, floor: u16, chain: u32) -> Option<Match> {
        if self.indexed <= at {
            return None;
        }
        let text = window.from(at);
        let text = &text[..text.len().min(usize::from(LENGTH_MAX))];
        let reach = Reach { at, limit: at.saturating_sub(DISTANCE_MAX), chain };
        let found = self.search_fours(window, text, floor.into(), reach);
        if found.is_some() || floor >= LENGTH_MIN {
            return found;
        }
        let key = text.first_chunk::<3>()?;
        let mut candidates = self.threes.before(at).take_while(|candidate| reach.has(*candidate));
        let nearest = candidates.find(|candidate| window.from(*candidate).starts_with(key))?;
        let is_allowed = self.ranks.allow(reach, nearest);
        is_allowed.then(|| Match { length: LENGTH_MIN, distance: (at - nearest) as u16 })
    }

    /// The same, among matches of four bytes and more.
    fn search_fours(&self, window: &Window, text: &[u8], floor: usize, reach: Reach) -> Option<Match> {
        let nice = (self.tuning.nice as usize).min(text.len());
        // A match must be longer than this, and more than three bytes long.
        let mut best = floor.max(FOUR - 1);
        let mut found = None;
        if best >= text.len() {
            return None;
        }
        let (mut last, first) = (four(text, best + 1 - FOUR), four(text, 0));
        for candidate in self.fours.before(reach.at) {
            if !reach.has(candidate) {
                break;
            }
            let other = window.from(candidate);
            if four(other, 0) != first {
                continue;
            }
            if !self.ranks.allow(reach, candidate) {
                break;
            }
            // A longer match has the byte behind the best one, and most candidates fail there.
            if four(other, best + 1 - FOUR) == last {
                let length = common(&other[..text.len()], text);
                if length > best {
                    best = length;
                    found = Some(Match { length: length as u16, distance: (reach.at - candidate) as u16 });
                    if length >= nice {
                        break;
                    }
                    last = four(text, best + 1 - FOUR);
                }
            }
        }
        found
    }
}

fn three([a, b, c]: [u8; 3]) -> u32 {
    u32::from_le_bytes([a, b, c, 0])
}

fn four(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// zlib's search as it is written there: down the chain of all positions with the same hash.
    fn slowly(text: &[u8], at: u32, floor: u16, mut chain: u32, style: Style) -> Option<Match> {
        let bits = u32::from(style.hash_bits);
        let hash = |at: u32| {
            text[at as usize..].first_chunk().map(|key| super::super::chains::hash(*key, bits, bits.div_ceil(3)))
        };
        let own = hash(at)?;
        let rest = &text[at as usize..];
        let rest = &rest[..rest.len().min(usize::from(LENGTH_MAX))];
        let nice = (style.tuning().nice as usize).min(rest.len());
        let limit = at.saturating_sub(DISTANCE_MAX);
        let (mut best, mut found) = (usize::from(floor), None);
        let mut chained = (1..at).rev().filter(|other| hash(*other) == Some(own));
        let mut candidate = chained.next().filter(|first| *first >= limit)?;
        loop {
            let length = common(&text[candidate as usize..][..rest.len()], rest);
            if length > best {
                best = length;
                found = Some(Match { length: length as u16, distance: (at - candidate) as u16 });
                if length >= nice {
                    return found;
                }
            }
            chain -= 1;
            match chained.next() {
                Some(next) if next > limit && chain > 0 => candidate = next,
                _ => return found,
            }
        }
    }

    /// Few words, so that chains are long, and some text that pushes them out of reach.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            8 => (0usize..12).prop_map(|word| format!("{}", word * word * 977).into_bytes()),
            3 => (0u8..3, 1usize..300).prop_map(|(byte, length)| vec![byte; length]),
            2 => proptest::collection::vec(0u8..3, 1..40),
            1 => (any::<u8>(), 3000usize..9000).prop_map(|(seed, length)| {
                (0..length).map(|at| (at * at / 7 * (usize::from(seed) + 3) / 8) as u8).collect()
            }),
        ];
        proptest::collection::vec(piece, 1..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_zlib_finds_is_found(
            text in text(),
            places in proptest::collection::vec(any::<prop::sample::Index>(), 1..40),
            level in 1u8..=9,
            hash_bits in Style::HASH_BITS,
            floor in prop_oneof![Just(2u16), 3u16..40],
            quarter: bool,
        ) {
            let style = Style { level, hash_bits };
            let mut window = Window::default();
            window.append(&text).unwrap();
            let mut places: Vec<u32> = places.into_iter().map(|place| place.index(text.len()) as u32).collect();
            places.sort_unstable();
            let mut predictor = Predictor::new(style);
            for at in places {
                let chain = if quarter { predictor.tuning.chain >> 2 } else { predictor.tuning.chain };
                predictor.index(&window, at + 1, false);
                let found = predictor.search(&window, at, floor, chain);
                prop_assert_eq!(found, slowly(&text, at, floor, chain, style), "at {} of {}", at, text.len());
            }
        }
    }
}
