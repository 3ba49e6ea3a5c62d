//! Applying a difference to a base.
//!
//! Every length is checked before the first byte is built, every place before it is read. Reads of the base are few and long: runs
//! follow each other closely, so they go through a window.

use super::control::Parts;
use super::{DifferenceError, SEGMENT_BYTES_MAX};
use crate::codec::{DecodeError, within};
use crate::read_at::ReadAt;

/// Bytes of the base that are read at once, when reading goes on where it was and when it goes elsewhere: a reader that jumps about with
/// every operation should not make us read all of the base each time.
const WINDOW_BYTES_MAX: usize = 64 << 10;
const WINDOW_BYTES_MIN: usize = 4 << 10;

/// Appends to `out` the `length` bytes that `difference` makes from `base`.
///
/// Any base of any length is safe to give; from another base than the one that the difference was made for come other bytes or
/// [`DifferenceError::Malformed`]. The caller checks the digest of the output.
///
/// # Errors
///
/// When the difference doesn't make `length` bytes, reaches outside of the base, or the base can't be read. What was appended to
/// `out` is then to be thrown away.
pub fn apply(base: &dyn ReadAt, difference: &[u8], length: u64, out: &mut Vec<u8>) -> Result<(), DifferenceError> {
    let length = within("bytes in a segment", length, SEGMENT_BYTES_MAX as u64)? as usize;
    let parts = Parts::decode(difference, length)?;
    let mut base = Window::new(base);
    let mut place = 0u64;
    let (mut difference, mut extra) = (parts.difference.as_slice(), parts.extra.as_slice());
    out.reserve(length);
    for operation in &parts.control.operations {
        let from_base = operation.same + operation.changed;
        place = place.checked_add_signed(operation.seek).ok_or(OUTSIDE)?;
        base.append(place, from_base, out)?;
        place += from_base as u64;
        let start = out.len() - operation.changed;
        for (byte, change) in out[start..].iter_mut().zip(take(&mut difference, operation.changed)) {
            *byte = byte.wrapping_add(*change);
        }
        out.extend_from_slice(take(&mut extra, operation.extra));
    }
    Ok(())
}

const OUTSIDE: DecodeError = DecodeError::Malformed { what: "difference", why: "it reads outside its base" };

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    taken
}

/// The part of the base that was read last.
struct Window<'a> {
    base: &'a dyn ReadAt,
    length: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    fn new(base: &'a dyn ReadAt) -> Self {
        Self { base, length: base.length(), start: 0, bytes: Vec::new() }
    }

    /// Appends `length` bytes of the base from `place` on.
    fn append(&mut self, place: u64, length: usize, out: &mut Vec<u8>) -> Result<(), DifferenceError> {
        if place.checked_add(length as u64).is_none_or(|end| end > self.length) {
            return Err(OUTSIDE.into());
        }
        if length >= WINDOW_BYTES_MAX {
            let start = out.len();
            out.resize(start + length, 0);
            return self.base.read_at(place, &mut out[start..]).map_err(DifferenceError::Base);
        }
        let end = place + length as u64;
        if place < self.start || end > self.start + self.bytes.len() as u64 {
            self.move_to(place, length)?;
        }
        let start = (place - self.start) as usize;
        out.extend_from_slice(&self.bytes[start..start + length]);
        Ok(())
    }

    fn move_to(&mut self, place: u64, length: usize) -> Result<(), DifferenceError> {
        let goes_on = place >= self.start && place <= self.start + 2 * self.bytes.len() as u64;
        let ahead = if goes_on { self.bytes.len() * 2 } else { 0 };
        let ahead = ahead.clamp(WINDOW_BYTES_MIN, WINDOW_BYTES_MAX).max(length);
        self.bytes.resize((self.length - place).min(ahead as u64) as usize, 0);
        self.start = place;
        self.base.read_at(place, &mut self.bytes).map_err(DifferenceError::Base)
    }
}
