//! Bases that are read at any place: bytes in memory, open files, and several of them as one.
//!
//! A base keeps its length while it is read; one that shrinks gives an error, never other bytes.

use std::fs::File;
use std::io;

use crate::native;

/// Bytes that can be read at any place.
pub trait ReadAt {
    /// How many there are.
    fn length(&self) -> u64;

    /// Fills `out` with the bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// When they can't be read, or end before `out` is full.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;
}

impl ReadAt for [u8] {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let end = start.checked_add(out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(self.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn length(&self) -> u64 {
        (**self).length()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        (**self).read_at(offset, out)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for Box<T> {
    fn length(&self) -> u64 {
        (**self).length()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        (**self).read_at(offset, out)
    }
}

/// A file, with the length that it had when it was opened.
#[derive(Debug)]
pub struct OpenFile {
    file: File,
    length: u64,
}

impl OpenFile {
    /// A file that is open for reading.
    ///
    /// # Errors
    ///
    /// When its length can't be read.
    pub fn new(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file, length })
    }
}

impl ReadAt for OpenFile {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        native::read_exact_at(&self.file, offset, out)
    }
}

/// A range of them, as all there is.
#[derive(Debug)]
pub struct Window<T> {
    whole: T,
    offset: u64,
    length: u64,
}

impl<T: ReadAt> Window<T> {
    /// The bytes `offset..offset + length`; `None` when `whole` doesn't reach so far.
    #[must_use]
    pub fn new(whole: T, offset: u64, length: u64) -> Option<Self> {
        let reaches = offset.checked_add(length).is_some_and(|end| end <= whole.length());
        reaches.then_some(Self { whole, offset, length })
    }
}

impl<T: ReadAt> ReadAt for Window<T> {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(out.len() as u64).filter(|end| *end <= self.length);
        if end.is_none() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.whole.read_at(self.offset + offset, out)
    }
}

/// Several of them, one after the other, as one.
#[derive(Debug)]
pub struct Concatenation<T> {
    /// Each with the place where it ends.
    parts: Vec<(u64, T)>,
}

impl<T: ReadAt> Concatenation<T> {
    /// The parts in their order.
    ///
    /// # Errors
    ///
    /// When their lengths add up to 2⁶⁴ or more.
    pub fn new(parts: impl IntoIterator<Item = T>) -> io::Result<Self> {
        let mut end = 0u64;
        let place = |part: T| {
            end = end.checked_add(part.length()).ok_or(io::ErrorKind::FileTooLarge)?;
            Ok((end, part))
        };
        Ok(Self { parts: parts.into_iter().map(place).collect::<io::Result<_>>()? })
    }
}

impl<T: ReadAt> ReadAt for Concatenation<T> {
    fn length(&self) -> u64 {
        self.parts.last().map_or(0, |(end, _)| *end)
    }

    fn read_at(&self, mut offset: u64, mut out: &mut [u8]) -> io::Result<()> {
        let first = self.parts.partition_point(|(end, _)| *end <= offset);
        for (end, part) in &self.parts[first..] {
            let in_part = offset - (end - part.length());
            let length = out.len().min(usize::try_from(end - offset).unwrap_or(usize::MAX));
            let (now, later) = out.split_at_mut(length);
            part.read_at(in_part, now)?;
            (offset, out) = (offset + length as u64, later);
            if out.is_empty() {
                break;
            }
        }
        if out.is_empty() { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_concatenation_reads_like_its_bytes(
            parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..9), 0..6),
            offset in 0usize..60,
            length in 0usize..60,
        ) {
            let whole = parts.concat();
            let concatenation = Concatenation::new(parts.iter().map(Vec::as_slice)).unwrap();
            prop_assert_eq!(concatenation.length(), whole.len() as u64);
            let mut out = vec![0; length];
            let result = concatenation.read_at(offset as u64, &mut out);
            match whole.get(offset..offset + length) {
                Some(expected) => { result.unwrap(); prop_assert_eq!(&out[..], expected); }
                None => prop_assert!(result.is_err() || length == 0),
            }
        }
    }

    #[test]
    fn a_window_ends_where_it_ends() {
        let whole = b"some bytes".as_slice();
        assert!(Window::new(whole, 5, 6).is_none() && Window::new(whole, u64::MAX, 2).is_none());
        let window = Window::new(whole, 5, 3).unwrap();
        let mut out = [0; 2];
        window.read_at(1, &mut out).unwrap();
        assert_eq!((&out, window.length()), (b"yt", 3));
        assert!(window.read_at(2, &mut out).is_err() && window.read_at(u64::MAX, &mut out).is_err());
    }

    #[test]
    fn a_file_reads_like_its_bytes() {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, b"some bytes").unwrap();
        let file = OpenFile::new(file).unwrap();
        let mut out = [0; 5];
        file.read_at(5, &mut out).unwrap();
        assert_eq!((&out, file.length()), (b"bytes", 10));
        assert!(file.read_at(6, &mut out).is_err());
    }
}
