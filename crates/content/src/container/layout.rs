//! Where a file's deflate streams are.
//!
//! The invariant: a layout within a stream describes exactly that stream's plain bytes.

use crate::codec::{DecodeError, Reader, put_varint, within};
use crate::deflate;
use crate::limits::Limits;

const VERSION: u8 = 1;
/// The shortest encoding of a stream, which bounds what a count may claim.
const STREAM_BYTES_MIN: usize = 4;

/// The deflate streams of a file, in order, and the bytes around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub(super) streams: Vec<Stream>,
    /// Bytes behind the last stream, which stay as they are.
    pub(super) rest: u64,
}

/// One deflate stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Bytes between the stream before and this one, which stay as they are.
    pub(super) before: u64,
    /// Bytes of the stream in the file.
    pub(super) stored: u64,
    /// Bytes of its plain text.
    pub(super) plain: u64,
    /// The streams within the plain text, when it is a container itself.
    pub(super) inner: Option<Layout>,
}

impl Stream {
    /// Bytes of the stream in the file.
    #[must_use]
    pub fn stored_length(&self) -> u64 {
        self.stored
    }

    /// Bytes between the stream before, or the beginning of the file, and this one.
    #[must_use]
    pub fn before(&self) -> u64 {
        self.before
    }

    /// Whether its plain text is opened too.
    #[must_use]
    pub fn is_container(&self) -> bool {
        self.inner.is_some()
    }

    /// Bytes that stand for it in the opened form.
    #[must_use]
    pub fn opened_length(&self) -> u64 {
        self.inner.as_ref().map_or(self.plain, Layout::opened_length)
    }
}

impl Layout {
    /// The streams that are opened, in order of their places; not those within them.
    #[must_use]
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// Bytes of the file.
    #[must_use]
    pub fn stored_length(&self) -> u64 {
        self.streams.iter().map(|stream| stream.before + stream.stored).sum::<u64>() + self.rest
    }

    /// Bytes of the opened form.
    #[must_use]
    pub fn opened_length(&self) -> u64 {
        self.streams.iter().map(|stream| stream.before + stream.opened_length()).sum::<u64>() + self.rest
    }

    /// The encoding ([`Layout::decode`]).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        self.put(&mut out);
        out
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.streams.len() as u64);
        for stream in &self.streams {
            put_varint(out, stream.before);
            put_varint(out, stream.stored);
            put_varint(out, stream.plain);
            out.push(stream.inner.is_some().into());
            if let Some(inner) = &stream.inner {
                inner.put(out);
            }
        }
        put_varint(out, self.rest);
    }

    /// Reads what [`Layout::encode`] wrote.
    ///
    /// # Errors
    ///
    /// When the bytes are no layout, or one beyond the limits: `streams_max` for all streams together, `container_depth_max`,
    /// and `total_bytes_max` for the file and for its opened form.
    pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Self, DecodeError> {
        let mut reader = Reader::new("layout of a container", bytes);
        let version = reader.u8()?;
        if version != VERSION {
            let what = "layout of a container";
            return Err(DecodeError::Version { what, found: version.into(), known: VERSION.into() });
        }
        let mut streams_left = limits.streams_max;
        let layout = Self::read(&mut reader, limits, &mut streams_left, limits.container_depth_max)?;
        reader.end()?;
        within("bytes in an opened container", layout.opened_length(), limits.total_bytes_max)?;
        Ok(layout)
    }

    fn read(
        reader: &mut Reader<'_>,
        limits: &Limits,
        streams_left: &mut u64,
        depth_left: u32,
    ) -> Result<Self, DecodeError> {
        let depth_left = depth_left.checked_sub(1).ok_or_else(|| reader.malformed("containers are nested too deep"))?;
        let count = reader.count("streams in a container", *streams_left, STREAM_BYTES_MIN)?;
        if count == 0 {
            return Err(reader.malformed("a container has no streams"));
        }
        *streams_left -= count as u64;
        let mut length = Length { sum: 0, max: limits.total_bytes_max };
        let mut streams = Vec::with_capacity(count);
        for _ in 0..count {
            let before = length.add(reader.varint()?)?;
            let stored = length.add(reader.varint()?)?;
            let plain = reader.bounded("plain bytes in a deflate stream", deflate::PLAIN_BYTES_MAX)?;
            let inner = match reader.u8()? {
                0 => None,
                1 => Some(Self::read(reader, limits, streams_left, depth_left)?),
                _ => return Err(reader.malformed("a flag is neither 0 nor 1")),
            };
            if stored == 0 || inner.as_ref().is_some_and(|inner| inner.stored_length() != plain) {
                return Err(reader.malformed("the lengths of a stream contradict each other"));
            }
            streams.push(Stream { before, stored, plain, inner });
        }
        let rest = length.add(reader.varint()?)?;
        Ok(Self { streams, rest })
    }
}

/// Adds up lengths that can't be believed.
struct Length {
    sum: u64,
    max: u64,
}

impl Length {
    fn add(&mut self, length: u64) -> Result<u64, DecodeError> {
        self.sum = within("bytes in a container", self.sum.saturating_add(length), self.max)?;
        Ok(length)
    }
}
