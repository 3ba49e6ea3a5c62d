//! Where the deflate streams of a zip file are, by its central directory (PKWARE's APPNOTE 6.3, 4.3 and 4.5.3).
//!
//! Times and checksums don't matter here: a place that is no stream is found out when it is read. Places never overlap.

use std::io;

use super::Place;
use crate::limits::Limits;
use crate::read_at::ReadAt;

const END_MAGIC: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const COMMENT_BYTES_MAX: usize = 0xffff;
const END64_MAGIC: &[u8] = b"PK\x06\x06";
const END64_BYTES: usize = 56;
const LOCATOR_MAGIC: &[u8] = b"PK\x06\x07";
const LOCATOR_BYTES: usize = 20;
const ENTRY_MAGIC: &[u8] = b"PK\x01\x02";
const ENTRY_BYTES: usize = 46;
pub(super) const LOCAL_MAGIC: &[u8] = b"PK\x03\x04";
const LOCAL_BYTES: usize = 30;
const DEFLATED: u16 = 8;
const ENCRYPTED: u16 = 1;
/// Stands in a field of 32 bits for a value that is in a field of 64.
const ELSEWHERE: u64 = 0xffff_ffff;
/// The extra field with those.
const EXTRA64: u16 = 1;

/// The places of the streams, in order, with the names of their members; none when it isn't a zip file.
pub(super) fn streams(file: &(dyn ReadAt + Sync), limits: &Limits) -> io::Result<Vec<(Place, String)>> {
    let Some(directory) = Directory::find(file)? else { return Ok(Vec::new()) };
    if directory.place.length > limits.index_bytes_max {
        return Ok(Vec::new());
    }
    let mut bytes = vec![0; directory.place.length as usize];
    file.read_at(directory.place.offset, &mut bytes)?;
    let mut places = Vec::new();
    let mut rest = Fields(&bytes);
    while let Some(entry) = Entry::take(&mut rest) {
        if places.len() as u64 == limits.streams_max {
            return Ok(Vec::new());
        }
        if entry.deflated {
            places.extend(directory.stream_of(&entry, file)?.map(|place| (place, entry.name)));
        }
    }
    places.sort_by_key(|(place, _)| place.offset);
    let mut end = 0;
    places.retain(|(place, _)| {
        let free = place.offset >= end;
        if free {
            end = place.end();
        }
        free
    });
    Ok(places)
}

/// Where the central directory is.
struct Directory {
    place: Place,
    /// Bytes before the zip file, such as the program of one that unpacks itself.
    before: u64,
}

impl Directory {
    fn find(file: &(dyn ReadAt + Sync)) -> io::Result<Option<Self>> {
        let tail_length = file.length().min((END_BYTES + COMMENT_BYTES_MAX + LOCATOR_BYTES) as u64);
        let mut tail = vec![0; tail_length as usize];
        let tail_offset = file.length() - tail_length;
        file.read_at(tail_offset, &mut tail)?;
        let Some(at) = tail.windows(END_MAGIC.len()).rposition(|window| window == END_MAGIC) else {
            return Ok(None);
        };
        let end = Fields(&tail[at..]);
        let (Some(length), Some(offset)) = (end.u32(12), end.u32(16)) else { return Ok(None) };
        let locator = at.checked_sub(LOCATOR_BYTES).map(|at| Fields(&tail[at..]));
        match locator.filter(|locator| locator.0.starts_with(LOCATOR_MAGIC)).and_then(|locator| locator.u64(8)) {
            Some(record) => Self::find64(file, record),
            None => Ok(Self::ending_at(tail_offset + at as u64, length, offset)),
        }
    }

    fn find64(file: &(dyn ReadAt + Sync), record: u64) -> io::Result<Option<Self>> {
        let mut bytes = [0; END64_BYTES];
        if record.checked_add(END64_BYTES as u64).is_none_or(|end| end > file.length()) {
            return Ok(None);
        }
        file.read_at(record, &mut bytes)?;
        let fields = Fields(&bytes);
        let (true, Some(length), Some(offset)) = (bytes.starts_with(END64_MAGIC), fields.u64(40), fields.u64(48))
        else {
            return Ok(None);
        };
        Ok(Self::ending_at(record, length, offset))
    }

    /// The directory lies before `end`; it is said to be at `offset` of the zip file.
    fn ending_at(end: u64, length: u64, offset: u64) -> Option<Self> {
        let start = end.checked_sub(length)?;
        Some(Self { place: Place { offset: start, length }, before: start.checked_sub(offset)? })
    }

    /// Where the stream of an entry is, when the entry points at one before the directory.
    fn stream_of(&self, entry: &Entry, file: &(dyn ReadAt + Sync)) -> io::Result<Option<Place>> {
        let Some(header) = self.before.checked_add(entry.header) else { return Ok(None) };
        if header.checked_add(LOCAL_BYTES as u64).is_none_or(|end| end > self.place.offset) {
            return Ok(None);
        }
        let mut local = [0; LOCAL_BYTES];
        file.read_at(header, &mut local)?;
        let fields = Fields(&local);
        let (true, Some(name), Some(extra)) = (local.starts_with(LOCAL_MAGIC), fields.u16(26), fields.u16(28)) else {
            return Ok(None);
        };
        let offset = header + LOCAL_BYTES as u64 + u64::from(name) + u64::from(extra);
        let fits = offset.checked_add(entry.stored).is_some_and(|end| end <= self.place.offset);
        Ok((fits && entry.stored > 0).then_some(Place { offset, length: entry.stored }))
    }
}

/// What the directory says of a member.
struct Entry {
    name: String,
    deflated: bool,
    stored: u64,
    /// Where its own header is.
    header: u64,
}

impl Entry {
    fn take(rest: &mut Fields<'_>) -> Option<Self> {
        let entry = Fields(rest.0.strip_prefix(ENTRY_MAGIC).and(Some(rest.0))?);
        let [name, extra, comment] = [entry.u16(28)?, entry.u16(30)?, entry.u16(32)?].map(usize::from);
        let extra_start = ENTRY_BYTES + name;
        let called = String::from_utf8_lossy(entry.0.get(ENTRY_BYTES..extra_start)?).into_owned();
        let fields = Fields(entry.0.get(extra_start..extra_start + extra)?);
        *rest = Fields(entry.0.get(extra_start + extra + comment..)?);
        let mut long = extra64(&fields);
        // The long values stand in this order, and only those that are missing in the short fields.
        let mut value = |short: u64| if short == ELSEWHERE { long.next() } else { Some(short) };
        value(entry.u32(24)?)?;
        let stored = value(entry.u32(20)?)?;
        let header = value(entry.u32(42)?)?;
        let deflated = entry.u16(10)? == DEFLATED && entry.u16(8)? & ENCRYPTED == 0;
        Some(Self { name: called, deflated, stored, header })
    }
}

/// The values of 64 bits in an entry's extra fields.
fn extra64<'a>(fields: &Fields<'a>) -> impl Iterator<Item = u64> + use<'a> {
    let mut rest = *fields;
    let found = std::iter::from_fn(move || {
        let (id, length) = (rest.u16(0)?, usize::from(rest.u16(2)?));
        let value = rest.0.get(4..4 + length)?;
        rest = Fields(&rest.0[4 + length..]);
        Some((id, value))
    })
    .find(|(id, _)| *id == EXTRA64);
    let values = found.map_or(&[][..], |(_, value)| value).chunks_exact(8);
    values.map(|value| u64::from_le_bytes(value.try_into().expect("a chunk has 8 bytes")))
}

/// Bytes with numbers at known places, least significant byte first.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..at + N)?.try_into().ok()
    }

    fn u16(&self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_le_bytes)
    }

    /// A field of 32 bits, as a number that may be long.
    fn u32(&self, at: usize) -> Option<u64> {
        self.array(at).map(u32::from_le_bytes).map(u64::from)
    }

    fn u64(&self, at: usize) -> Option<u64> {
        self.array(at).map(u64::from_le_bytes)
    }
}
