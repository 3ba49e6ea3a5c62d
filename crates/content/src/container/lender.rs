//! What streams of a container borrow from those of an earlier version of it.

use std::collections::HashMap;
use std::io;

use super::section::Section;
use super::streams::Found;
use super::{ContainerError, Place, mismatch};
use crate::codec::{Reader, put_varint};
use crate::deflate::{self, Borrowed, Run};
use crate::read_at::ReadAt;

/// An earlier version of a file.
pub(super) struct Lender<'l> {
    file: &'l (dyn ReadAt + Sync),
    /// Where its streams are, by the places of those of the file that it lends to.
    counterparts: HashMap<u64, Place>,
}

impl<'l> Lender<'l> {
    /// `old` are the streams of the earlier version `file`, `new` those that may borrow: they go together by name.
    pub(super) fn new(file: &'l (dyn ReadAt + Sync), old: &[Found], new: &[Found]) -> Self {
        let named: HashMap<&str, Place> = old.iter().map(|stream| (stream.name.as_str(), stream.place)).collect();
        let counterpart = |stream: &Found| Some((stream.place.offset, *named.get(stream.name.as_str())?));
        Self { file, counterparts: new.iter().filter_map(counterpart).collect() }
    }

    /// What a stream has of its counterpart.
    pub(super) fn runs(&self, file: &(dyn ReadAt + Sync), place: Place) -> io::Result<Option<(Place, Vec<Run>)>> {
        let Some(old) = self.counterparts.get(&place.offset).copied() else { return Ok(None) };
        match deflate::runs(Section::new(self.file, old), Section::new(file, place)) {
            Ok(runs) if runs.is_empty() => Ok(None),
            Ok(runs) => Ok(Some((old, runs))),
            // What either calls a stream needn't be one.
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What corrections say first of what a stream borrows.
pub(super) fn put_borrowed(out: &mut Vec<u8>, borrowed: Option<&(Place, Vec<Run>)>) {
    let Some((place, runs)) = borrowed else {
        out.push(0);
        return;
    };
    out.push(1);
    put_varint(out, place.offset);
    put_varint(out, place.length);
    deflate::write_runs(runs, out);
}

/// What a stream borrows from one of the lender's.
pub(super) fn borrowed<'a>(
    corrections: &mut Reader<'_>,
    lender: &'a (dyn ReadAt + Sync),
) -> Result<Option<Borrowed<'a>>, ContainerError> {
    match corrections.u8()? {
        0 => return Ok(None),
        1 => {}
        _ => return Err(mismatch("a stream's borrowing flag is neither 0 nor 1").into()),
    }
    let (offset, length) = (corrections.varint()?, corrections.varint()?);
    let end = offset.checked_add(length).filter(|end| *end <= lender.length());
    end.ok_or_else(|| mismatch("a stream borrows from beyond the end of the other file"))?;
    let old = Section::new(lender, Place { offset, length });
    Ok(Some(Borrowed::read(corrections, Box::new(old))?))
}
