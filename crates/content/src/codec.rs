//! Reading and writing the binary formats: fixed integers, variable-length integers, digests.
//!
//! Integers of fixed width are little-endian. A varint is LEB128: seven bits a byte, least significant first, and only its
//! shortest form is accepted, so that a value has one encoding. Readers never take memory for a count that the bytes can't hold.

use std::io;

use dray_model::Digest;

/// Why bytes are not what they claim to be.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end inside a value.
    #[error("the {what} ends too early")]
    Truncated {
        /// What was read.
        what: &'static str,
    },
    /// The bytes begin with something else.
    #[error("this is not a {what}")]
    Magic {
        /// What was expected.
        what: &'static str,
    },
    /// A version that this program doesn't know.
    #[error("the {what} has format version {found}, but this version of Dray reads version {known}; upgrade Dray")]
    Version {
        /// What was read.
        what: &'static str,
        /// The version found.
        found: u16,
        /// The version known.
        known: u16,
    },
    /// The bytes were changed on the way or on disk.
    #[error("the {what} is damaged: its digest does not match")]
    Damaged {
        /// What was read.
        what: &'static str,
    },
    /// More than [`crate::Limits`] allows.
    #[error("too many {what}: {value}, the limit is {max}")]
    Limit {
        /// What was counted.
        what: &'static str,
        /// How many there are.
        value: u64,
        /// How many are allowed.
        max: u64,
    },
    /// A value that no writer of this format produces.
    #[error("the {what} is malformed: {why}")]
    Malformed {
        /// What was read.
        what: &'static str,
        /// The rule that is broken.
        why: &'static str,
    },
    /// What the bytes say can't be: a path, the entries of a tree, chunk lists or the parts of an update that break a rule.
    #[error("the {what} breaks a rule of its format")]
    Illegal {
        /// What was read.
        what: &'static str,
        /// The rule, and where it is broken.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The compressed bytes can't be expanded within their declared length.
    #[error("cannot decompress the {what}")]
    Decompress {
        /// What was read.
        what: &'static str,
        /// What the decompressor said.
        source: io::Error,
    },
    /// An update for the holders of another content than the one at hand.
    #[error("it applies to content {}, not to {}", expected.short(), found.short())]
    OtherBase {
        /// The content digest that must be held.
        expected: Digest,
        /// The content digest at hand.
        found: Digest,
    },
    /// A manifest or update for another content than the expected one.
    #[error("it is for content {}, expected {}", found.short(), expected.short())]
    OtherContent {
        /// The signed content digest.
        expected: Digest,
        /// The digest of the tree in the manifest.
        found: Digest,
    },
}

impl DecodeError {
    /// Bytes of a `what` that say what a layer above this one doesn't allow.
    pub(crate) fn illegal(what: &'static str, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Illegal { what, source: Box::new(source) }
    }
}

/// Refuses `value` above `max`.
pub(crate) fn within(what: &'static str, value: u64, max: u64) -> Result<u64, DecodeError> {
    if value > max { Err(DecodeError::Limit { what, value, max }) } else { Ok(value) }
}

/// Takes values from the front of a byte slice.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { rest: bytes, what }
    }

    pub(crate) fn malformed(&self, why: &'static str) -> DecodeError {
        DecodeError::Malformed { what: self.what, why }
    }

    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(DecodeError::Truncated { what: self.what })?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        Ok(self.take(N)?.try_into().expect("take returns as many bytes as asked"))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn digest(&mut self) -> Result<Digest, DecodeError> {
        self.array().map(Digest::from_bytes)
    }

    pub(crate) fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            if shift == 63 && byte > 1 {
                return Err(self.malformed("an integer is longer than 64 bits"));
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(self.malformed("an integer is not in its shortest form"));
                }
                return Ok(value);
            }
        }
        Err(self.malformed("an integer is longer than 64 bits"))
    }

    /// A signed difference, written by [`put_signed`].
    pub(crate) fn signed(&mut self) -> Result<i64, DecodeError> {
        self.varint().map(unzigzag)
    }

    /// A varint of at most `max`.
    pub(crate) fn bounded(&mut self, what: &'static str, max: u64) -> Result<u64, DecodeError> {
        within(what, self.varint()?, max)
    }

    /// A count of things of which each takes at least `bytes_each`, so that a lie can't cost memory.
    pub(crate) fn count(&mut self, what: &'static str, max: u64, bytes_each: usize) -> Result<usize, DecodeError> {
        let count = self.bounded(what, max)?;
        match usize::try_from(count) {
            Ok(count) if count <= self.rest.len() / bytes_each => Ok(count),
            _ => Err(DecodeError::Truncated { what: self.what }),
        }
    }

    /// Bytes that follow their length.
    pub(crate) fn prefixed(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.varint()?;
        let length = usize::try_from(length).map_err(|_| DecodeError::Truncated { what: self.what })?;
        self.take(length)
    }

    /// Reads the magic bytes and the one version that is known.
    pub(crate) fn magic(&mut self, magic: &[u8; 8], known: u16) -> Result<(), DecodeError> {
        if self.rest.len() < magic.len() {
            return Err(DecodeError::Truncated { what: self.what });
        }
        if self.take(magic.len())? != magic {
            return Err(DecodeError::Magic { what: self.what });
        }
        let found = self.u16()?;
        if found == known { Ok(()) } else { Err(DecodeError::Version { what: self.what, found, known }) }
    }

    /// Refuses bytes after the last value.
    pub(crate) fn end(&self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.malformed("there are bytes after its end")) }
    }
}

pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Writes a signed difference as zigzag varint: small either way is short.
pub(crate) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, zigzag(value));
}

pub(crate) fn put_prefixed(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub(crate) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

pub(crate) const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_varint_reads_back(value: u64) {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            let mut reader = Reader::new("test", &bytes);
            prop_assert_eq!(reader.varint().unwrap(), value);
            prop_assert!(reader.end().is_ok());
        }

        #[test]
        fn a_signed_difference_reads_back(value: i64) {
            prop_assert_eq!(unzigzag(zigzag(value)), value);
        }

        #[test]
        fn whatever_reads_as_a_varint_is_its_only_form(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let mut reader = Reader::new("test", &bytes);
            if let Ok(value) = reader.varint() {
                let mut again = Vec::new();
                put_varint(&mut again, value);
                prop_assert_eq!(&bytes[..bytes.len() - reader.remaining()], &again[..]);
            }
        }
    }

    #[test]
    fn a_count_that_the_bytes_cannot_hold_is_refused() {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, 1 << 30);
        assert!(matches!(Reader::new("test", &bytes).count("things", u64::MAX, 1), Err(DecodeError::Truncated { .. })));
    }
}
