//! The names of content objects: the layout of a content store and of a distribution point.
//!
//! An object never changes; its name holds the digest of its bytes.

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use dray_model::Digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of an object in a content store, relative to the store's root: `manifests/<digest>`, `packs/<digest>`, `updates/<digest>` or
/// `manifest-differences/<digest>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectName {
    /// A manifest; the digest is that of its bytes.
    Manifest(Digest),
    /// A pack of chunks; the digest is that of its bytes.
    Pack(Digest),
    /// An update; the digest is that of its bytes.
    Update(Digest),
    /// What makes a manifest of an earlier one; the digest is that of its bytes.
    ManifestDifference(Digest),
}

/// How an object of a kind is named by its digest.
pub type Named = fn(Digest) -> ObjectName;

/// Bytes that are read of an object at a time.
const READ_BYTES: usize = 256 << 10;

/// A text that names no content object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not the name of a content object; expected manifests/, packs/, updates/ or manifest-differences/ followed by a digest"
)]
pub struct InvalidObjectName;

impl ObjectName {
    /// The kinds of objects: the folder of each, and how its objects are named.
    pub const KINDS: [(&'static str, Named); 4] = [
        ("manifests", Self::Manifest),
        ("packs", Self::Pack),
        ("updates", Self::Update),
        ("manifest-differences", Self::ManifestDifference),
    ];

    /// The digest that the object's bytes must have.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        match self {
            Self::Manifest(digest) | Self::Pack(digest) | Self::Update(digest) | Self::ManifestDifference(digest) => {
                *digest
            }
        }
    }

    /// The folder of its kind.
    #[must_use]
    pub const fn folder(&self) -> &'static str {
        match self {
            Self::Manifest(_) => "manifests",
            Self::Pack(_) => "packs",
            Self::Update(_) => "updates",
            Self::ManifestDifference(_) => "manifest-differences",
        }
    }

    /// Reads all of an object and tells its length; `None` when its bytes do not match its name. Memory doesn't grow with it.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn check(&self, source: &mut dyn Read) -> io::Result<Option<u64>> {
        self.copy(source, &mut io::sink())
    }

    /// As [`ObjectName::check`], and copies it. What was written is not an object when the answer is `None`.
    ///
    /// # Errors
    /// When one can't be read or the other can't be written.
    pub fn copy(&self, source: &mut dyn Read, out: &mut dyn Write) -> io::Result<Option<u64>> {
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; READ_BYTES];
        let mut size = 0;
        loop {
            let read = match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            hasher.update(&buffer[..read]);
            out.write_all(&buffer[..read])?;
            size += read as u64;
        }
        Ok((Digest::from(hasher.finalize()) == self.digest()).then_some(size))
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.folder(), self.digest())
    }
}

impl FromStr for ObjectName {
    type Err = InvalidObjectName;

    fn from_str(text: &str) -> Result<Self, InvalidObjectName> {
        let (folder, digest) = text.split_once('/').ok_or(InvalidObjectName)?;
        let digest = digest.parse().map_err(|_| InvalidObjectName)?;
        let kind = Self::KINDS.into_iter().find(|(kind, _)| *kind == folder);
        kind.map(|(_, named)| named(digest)).ok_or(InvalidObjectName)
    }
}

impl Serialize for ObjectName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ObjectName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back() {
        for (folder, named) in ObjectName::KINDS {
            let name = named(Digest::of(b"o"));
            assert_eq!(name.folder(), folder);
            assert_eq!(name.to_string().parse(), Ok(name));
            assert_eq!(serde_json::from_str::<ObjectName>(&serde_json::to_string(&name).unwrap()).unwrap(), name);
        }
    }

    #[test]
    fn an_object_is_copied_and_other_bytes_are_not_called_it() {
        let bytes = vec![7; READ_BYTES + 1];
        let name = ObjectName::Update(Digest::of(&bytes));
        let mut out = Vec::new();
        assert_eq!(name.copy(&mut bytes.as_slice(), &mut out).unwrap(), Some(bytes.len() as u64));
        assert_eq!(out, bytes);
        assert_eq!(name.check(&mut &bytes[1..]).unwrap(), None);
    }

    #[test]
    fn nothing_but_a_kind_and_a_digest_is_a_name() {
        let digest = Digest::of(b"p").to_string();
        for bad in ["", "packs", "packs/", &digest, &format!("packs/../{digest}"), &format!("/packs/{digest}")] {
            assert_eq!(bad.parse::<ObjectName>(), Err(InvalidObjectName), "{bad}");
        }
    }
}
