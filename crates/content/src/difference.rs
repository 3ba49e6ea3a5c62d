//! Differences: what turns a base into new bytes, in far fewer bytes than those.
//!
//! The form is that of bsdiff: runs of the base are laid beside runs of the output, and what is sent is where they lie, the
//! byte-wise difference along them, and the bytes that have no counterpart. Runs are found through one hash table over the base
//! ([`Base`]) instead of a suffix array. The codec knows neither files nor trees, and holds no digest: the caller that applies a
//! difference checks the output. A malformed difference is refused and never yields more than was asked for.

mod alike;
mod apply;
mod base;
mod control;
mod matching;
mod near;
mod stream;

#[cfg(test)]
mod tests;

use std::io;

pub use apply::apply;
pub use base::Base;
pub use matching::{Run, part_of_runs, runs, runs_along};

use crate::codec::{DecodeError, within};
use control::{Control, Parts};

/// The most that one difference may build: 8 MiB. Applying it takes at most about three times that much memory.
pub const SEGMENT_BYTES_MAX: usize = 8 << 20;

/// The quickest compression takes less than so many times the bytes of the most thorough.
const QUICK_FACTOR: usize = 2;

/// How much work goes into making a difference. Applying it costs the same either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// While somebody waits: about 5 CPU seconds for 200 MB.
    Publish,
    /// When there is time: about ten times the work for a fifth fewer bytes.
    Background,
}

/// Why a difference can't be applied.
#[derive(Debug, thiserror::Error)]
pub enum DifferenceError {
    /// The difference is not one for an output of the given length and a base of this length.
    #[error("cannot apply the difference")]
    Malformed(#[from] DecodeError),
    /// The base can't be read.
    #[error("cannot read the base of a difference")]
    Base(#[source] io::Error),
}

/// The same difference with its streams uncompressed, for anyone who compresses it together with others. `length` is that of the
/// output.
///
/// # Errors
///
/// When the difference is not one for an output of that length.
pub fn uncompressed(difference: &[u8], length: u64) -> Result<Vec<u8>, DifferenceError> {
    let length = within("bytes in a segment", length, SEGMENT_BYTES_MAX as u64)? as usize;
    Ok(Parts::decode(difference, length)?.encode_raw())
}

/// The difference that makes `new` from `base`. The same input gives the same bytes.
///
/// An empty base is legal; the difference is then `new`, compressed. What `new` has in common with the base is found wherever it
/// lies in the base, so a segment of a file takes the whole old file as its base.
///
/// # Panics
///
/// When `new` is longer than [`SEGMENT_BYTES_MAX`].
#[must_use]
pub fn encode(base: &Base<'_>, new: &[u8], level: Level) -> Vec<u8> {
    encode_runs(base.bytes(), new, &runs(base, new), level)
}

/// The same, of runs that were found before.
///
/// # Panics
///
/// When `new` is longer than [`SEGMENT_BYTES_MAX`], the runs don't make it up, or lie outside of the base.
#[must_use]
pub fn encode_runs(base: &[u8], new: &[u8], runs: &[Run], level: Level) -> Vec<u8> {
    assert!(new.len() <= SEGMENT_BYTES_MAX, "a difference makes at most {SEGMENT_BYTES_MAX} bytes");
    Control::new(base, new, runs, level).encode(base, new, level)
}

/// Whether `new`, compressed by itself, may take less than `bytes`. Costs a small part of compressing it.
#[must_use]
pub fn may_be_shorter_alone(new: &[u8], bytes: usize) -> bool {
    stream::quick_bytes(new) / QUICK_FACTOR < bytes
}
