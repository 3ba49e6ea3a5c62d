//! Containers: files that hold deflate streams, opened so that differences see plain bytes, and closed again bit for bit.
//!
//! One changed byte changes a whole deflate stream, so an archive as shipped looks new from end to end. Its *opened form* is the
//! same file with each deflate stream replaced by its plain bytes, in place; a [`Layout`] says where. zip (and so whl, jar, nupkg,
//! msix) and gzip are opened, and containers within them. Nothing here is believed: a layout that isn't that of a file gives an error,
//! and the caller that rebuilds a file compares its digest.
//!
//! An update of one container goes like this:
//!
//! 1. The publisher calls [`open_pair`] on the old and the new file. Streams that both have stay closed: they need neither
//!    inflating nor rebuilding, and a difference finds them as they are.
//!    Of the others, what the streams have alike is named instead of predicted, so [`rebuild`] reads the old file beside the opened form.
//! 2. It writes both opened forms with [`inflate()`], and makes the difference between them. What travels is the difference, the old layout,
//!    the new one and its corrections ([`Layout::encode`]; corrections are bytes already).
//! 3. The receiver makes the old opened form with [`inflate()`] from the file that it holds, applies the difference, and streams the
//!    result through [`rebuild`] into the new file, whose digest it knows.

mod expand;
mod gzip;
mod layout;
mod lender;
mod open;
mod pair;
mod rebuild;
mod section;
mod streams;
mod zip;

use std::collections::HashMap;
use std::io;

use dray_model::Digest;
pub use expand::inflate;
pub use layout::{Layout, Stream};
pub use open::{Opened, open};
pub use pair::{Pair, open_pair};
pub use rebuild::rebuild;
pub(crate) use section::Section;

use crate::codec::DecodeError;
use crate::limits::Limits;
use crate::read_at::ReadAt;
use section::Place;

/// The version of corrections, their first byte: of a file alone, and of one of whose streams tokens are in another file.
const CORRECTIONS_ALONE: u8 = 1;
const CORRECTIONS_BORROWED: u8 = 2;

/// Why a container can't be opened or rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// The corrections aren't in the form that this program knows.
    #[error("cannot read the corrections of a container")]
    Corrections(#[from] DecodeError),
    /// The bytes aren't those that the layout and the corrections are for.
    #[error("a container does not match its layout")]
    Mismatch(#[source] io::Error),
    /// Reading or writing failed.
    #[error("cannot read or write a container")]
    Transfer(#[source] io::Error),
}

impl From<io::Error> for ContainerError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::Mismatch(error),
            _ => Self::Transfer(error),
        }
    }
}

fn mismatch(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// What a zip file calls its streams, by where they begin. Names say which streams are worth comparing, and are used for nothing else.
///
/// # Errors
///
/// When the file can't be read. What is no zip file has no names.
pub fn names(file: &(dyn ReadAt + Sync), limits: &Limits) -> io::Result<HashMap<u64, String>> {
    Ok(zip::streams(file, limits)?.into_iter().map(|(place, name)| (place.offset, name)).collect())
}

/// The content that a file borrows from by its corrections, which must be at hand to rebuild it.
#[must_use]
pub fn lender(corrections: &[u8]) -> Option<Digest> {
    let (version, rest) = corrections.split_first()?;
    let digest = rest.first_chunk().filter(|_| *version == CORRECTIONS_BORROWED)?;
    Some(Digest::from_bytes(*digest))
}

/// Copies exactly `length` bytes.
fn copy_exact(source: &mut dyn io::Read, out: &mut dyn io::Write, length: u64) -> io::Result<()> {
    let copied = io::copy(&mut io::Read::take(source, length), out)?;
    if copied == length { Ok(()) } else { Err(mismatch("the bytes end too early")) }
}
