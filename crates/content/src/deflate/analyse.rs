//! Which writer made a stream, and how it differs from that writer's.
//!
//! Settings are tried on the beginning of the stream; the one that predicts best goes on to the end. A stream whose corrections
//! grow beyond a share of its bytes is given up early: it was made by something else.

use std::io::{self, Read};

use super::borrow::Run;
use super::differ::{Differ, Item};
use super::parse::{Form, Parser};
use super::predict::Style;
use super::proof::{Hashed, Proof};

/// Plain bytes on which all settings are tried.
const GLANCE_BYTES: u64 = 16 << 10;
/// Plain bytes on which the best of them are compared.
const SAMPLE_BYTES: u64 = 128 << 10;
/// Settings that get that far.
const FINALISTS: usize = 3;
/// A correction takes about three bytes and a token about two of the stream: more than one wrong in six isn't worth it.
const TOKENS_A_MISS_MIN: u64 = 6;
/// Corrections may take a quarter of the stream's bytes: above that, sending the stream as it is costs little more.
const STREAM_BYTES_A_CORRECTION_BYTE: u64 = 4;
/// What a stream's corrections may take in any case, in bytes: the words for one short block.
const CORRECTIONS_BYTES_FREE: u64 = 32;

/// What was found out about a stream.
pub(crate) struct Analysis {
    /// Its plain bytes.
    pub(crate) plain_length: u64,
    /// What [`super::Recreator`] needs.
    pub(crate) corrections: Vec<u8>,
    /// The writer's settings.
    pub(crate) style: Style,
}

/// Takes apart the one deflate stream that fills `stored`, of which `runs` are known from elsewhere; `likely` is tried first. `None`
/// when its corrections would be too long, or
/// its text has more than `plain_max` bytes. What is found is proved to make the same stream again.
///
/// An error of kind `InvalidData` says that it isn't a deflate stream, or has one of the oddities that [`Parser`] refuses.
pub(crate) fn analyse<R: Read>(stored: R, likely: Style, plain_max: u64, runs: &[Run]) -> io::Result<Option<Analysis>> {
    let stored = Hashed { source: stored, hasher: blake3::Hasher::new() };
    let mut items = Items { parser: Parser::new(stored), inside: Inside::Nothing, plain: 0 };
    let mut proof = Proof::new();
    let mut sample = Vec::new();
    let mut glance = 0;
    while items.plain < SAMPLE_BYTES {
        let Some(item) = items.next()? else { break };
        proof.feed(&item)?;
        sample.push(item);
        if items.plain <= GLANCE_BYTES {
            glance = sample.len();
        }
    }
    // What is borrowed tells nothing of the writer, so it is judged by the whole sample.
    let mut differ = match best(&sample, glance, likely)? {
        Some(differ) if runs.is_empty() => differ,
        None if runs.is_empty() => return Ok(None),
        judged => tried(&sample, judged.map_or(likely, |differ| differ.style()), runs)?,
    };
    drop(sample);
    while let Some(item) = items.next()? {
        let ends_block = matches!(item, Item::End);
        proof.feed(&item)?;
        differ.feed(item)?;
        if items.plain > plain_max || ends_block && !is_worth(differ.length(), items.parser.position()) {
            return Ok(None);
        }
    }
    items.parser.end()?;
    let stored_length = items.parser.position();
    let style = differ.style();
    let (corrections, plain_length) = differ.finish();
    let is_good = is_worth(corrections.len(), stored_length) && proof.holds(&items.parser.into_source().hasher)?;
    Ok(is_good.then_some(Analysis { plain_length, corrections, style }))
}

fn is_worth(corrections: usize, stored: u64) -> bool {
    corrections as u64 <= stored / STREAM_BYTES_A_CORRECTION_BYTE + CORRECTIONS_BYTES_FREE
}

/// The settings that predict the sample best, having taken it; `None` when none does it well.
fn best(sample: &[Item], glance: usize, likely: Style) -> io::Result<Option<Differ>> {
    let first = tried(sample, likely, &[])?;
    if first.score().1 == 0 {
        return Ok(Some(first));
    }
    let mut styles = Vec::new();
    for style in Style::all() {
        styles.push((tried(&sample[..glance], style, &[])?.score().1, style));
    }
    styles.sort_by_key(|(misses, _)| *misses);
    let mut best = first;
    for &(_, style) in styles.iter().take(FINALISTS) {
        let other = tried(sample, style, &[])?;
        if other.score().1 < best.score().1 {
            best = other;
        }
    }
    let (tokens, misses) = best.score();
    Ok((misses * TOKENS_A_MISS_MIN <= tokens).then_some(best))
}

fn tried(sample: &[Item], style: Style, runs: &[Run]) -> io::Result<Differ> {
    let mut differ = Differ::new(style, runs);
    for item in sample {
        differ.feed(item.clone())?;
    }
    Ok(differ)
}

/// The items of a stream, one after the other.
struct Items<R> {
    parser: Parser<R>,
    inside: Inside,
    /// Plain bytes of the items given.
    plain: u64,
}

/// What kind of item comes next.
#[derive(Clone, Copy)]
enum Inside {
    Nothing,
    Coded,
    Stored(u16),
}

impl<R: Read> Items<R> {
    fn next(&mut self) -> io::Result<Option<Item>> {
        match self.inside {
            Inside::Nothing => {
                let Some(start) = self.parser.next_block()? else { return Ok(None) };
                self.inside = match start.form {
                    Form::Stored(length) => Inside::Stored(length),
                    _ => Inside::Coded,
                };
                Ok(Some(Item::Begin(Box::new(start))))
            }
            Inside::Coded => {
                let Some(token) = self.parser.token()? else { return Ok(Some(self.end())) };
                self.plain += u64::from(token.length());
                Ok(Some(Item::Token(token)))
            }
            Inside::Stored(0) => Ok(Some(self.end())),
            Inside::Stored(length) => {
                let mut bytes = vec![0; usize::from(length)];
                self.parser.stored(&mut bytes)?;
                self.plain += u64::from(length);
                self.inside = Inside::Stored(0);
                Ok(Some(Item::Stored(bytes)))
            }
        }
    }

    fn end(&mut self) -> Item {
        self.inside = Inside::Nothing;
        Item::End
    }
}
