//! Bits from bytes and bytes from bits, the least significant first.
//!
//! The reader knows exactly where it is: [`BitReader::position`] is the number of bytes that were begun.

use std::io::{self, Read, Write};

use super::malformed;

const BUFFER_BYTES: usize = 16 << 10;

/// Takes bits from a source.
pub(super) struct BitReader<R> {
    source: R,
    buffer: Box<[u8]>,
    at: usize,
    filled: usize,
    /// Bytes of buffers before this one.
    before: u64,
    bits: u64,
    count: u32,
}

impl<R: Read> BitReader<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, buffer: vec![0; BUFFER_BYTES].into(), at: 0, filled: 0, before: 0, bits: 0, count: 0 }
    }

    /// Loads as many bits as there are, at least 56 where the source has them.
    pub(super) fn refill(&mut self) -> io::Result<()> {
        while self.count < 56 {
            if self.at == self.filled && !self.fill_buffer()? {
                break;
            }
            if let Some(word) = self.buffer[self.at..self.filled].first_chunk::<8>() {
                // The bits above `count` are the true ones already; loading them again changes nothing.
                self.bits |= u64::from_le_bytes(*word) << self.count;
                let bytes = (63 - self.count) >> 3;
                self.at += bytes as usize;
                self.count += bytes * 8;
            } else {
                self.bits |= u64::from(self.buffer[self.at]) << self.count;
                self.at += 1;
                self.count += 8;
            }
        }
        Ok(())
    }

    fn fill_buffer(&mut self) -> io::Result<bool> {
        self.before += self.filled as u64;
        (self.at, self.filled) = (0, 0);
        loop {
            match self.source.read(&mut self.buffer) {
                Ok(length) => {
                    self.filled = length;
                    return Ok(length > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The next bits; zeros where none are loaded.
    pub(super) const fn peek(&self) -> u64 {
        self.bits
    }

    pub(super) fn consume(&mut self, count: u32) -> io::Result<()> {
        self.count = self.count.checked_sub(count).ok_or_else(|| malformed("a deflate stream ends too early"))?;
        self.bits >>= count;
        Ok(())
    }

    /// Takes up to 32 bits.
    pub(super) fn take(&mut self, count: u32) -> io::Result<u32> {
        if self.count < count {
            self.refill()?;
        }
        let value = self.bits & ((1u64 << count) - 1);
        self.consume(count)?;
        Ok(value as u32)
    }

    /// Goes to the next whole byte. The bits passed must be zero: nobody writes others, and they aren't kept.
    pub(super) fn align(&mut self) -> io::Result<()> {
        if self.take(self.count % 8)? == 0 {
            Ok(())
        } else {
            Err(malformed("the padding of a deflate stream is not zero"))
        }
    }

    /// Takes whole bytes, at a whole byte.
    pub(super) fn bytes(&mut self, mut out: &mut [u8]) -> io::Result<()> {
        while self.count > 0 && !out.is_empty() {
            out[0] = self.take(8)? as u8;
            out = &mut out[1..];
        }
        if out.is_empty() {
            return Ok(());
        }
        // Nothing is loaded any more, so the bits above `count` may not stay.
        self.bits = 0;
        while !out.is_empty() {
            if self.at == self.filled && !self.fill_buffer()? {
                return Err(malformed("a deflate stream ends too early"));
            }
            let length = out.len().min(self.filled - self.at);
            out[..length].copy_from_slice(&self.buffer[self.at..self.at + length]);
            self.at += length;
            out = &mut out[length..];
        }
        Ok(())
    }

    /// Bytes of the source that were taken, a byte begun counted as taken.
    pub(super) fn position(&self) -> u64 {
        self.before + self.at as u64 - u64::from(self.count / 8)
    }

    pub(super) fn into_source(self) -> R {
        self.source
    }

    /// Whether the source has no more bytes.
    pub(super) fn is_at_end(&mut self) -> io::Result<bool> {
        self.refill()?;
        Ok(self.count < 8)
    }
}

/// Puts bits into a sink.
pub(super) struct BitWriter<W> {
    sink: W,
    buffer: Vec<u8>,
    bits: u64,
    count: u32,
}

impl<W: Write> BitWriter<W> {
    pub(super) fn new(sink: W) -> Self {
        Self { sink, buffer: Vec::with_capacity(BUFFER_BYTES), bits: 0, count: 0 }
    }

    /// Adds up to 32 bits.
    pub(super) fn put(&mut self, value: u32, count: u32) -> io::Result<()> {
        self.bits |= u64::from(value) << self.count;
        self.count += count;
        if self.count >= 32 {
            self.buffer.extend_from_slice(&(self.bits as u32).to_le_bytes());
            self.bits >>= 32;
            self.count -= 32;
            if self.buffer.len() >= BUFFER_BYTES - 8 {
                self.flush_buffer()?;
            }
        }
        Ok(())
    }

    /// Fills the last byte with zeros.
    pub(super) fn align(&mut self) {
        while self.count > 0 {
            self.buffer.push(self.bits as u8);
            self.bits >>= 8;
            self.count = self.count.saturating_sub(8);
        }
    }

    /// Adds whole bytes, at a whole byte.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.align();
        self.flush_buffer()?;
        self.sink.write_all(bytes)
    }

    fn flush_buffer(&mut self) -> io::Result<()> {
        self.sink.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Writes what is left.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.align();
        self.flush_buffer()?;
        Ok(self.sink)
    }
}

/// A short run of bits, kept to be compared and written again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct BitString {
    pub(super) bytes: Vec<u8>,
    pub(super) length: u32,
}

impl BitString {
    pub(super) fn put(&mut self, value: u32, count: u32) {
        for bit in 0..count {
            if self.length.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let last = self.bytes.last_mut().expect("a byte was just begun");
            *last |= ((value >> bit & 1) as u8) << (self.length % 8);
            self.length += 1;
        }
    }

    pub(super) fn write_to<W: Write>(&self, out: &mut BitWriter<W>) -> io::Result<()> {
        let mut left = self.length;
        for &byte in &self.bytes {
            let count = left.min(8);
            out.put(u32::from(byte) & ((1 << count) - 1), count)?;
            left -= count;
        }
        Ok(())
    }
}
