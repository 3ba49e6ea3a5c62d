//! Public keys and their ids.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use dray_model::Digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Name of a public key: the first 16 bytes of its BLAKE3 digest. Text form: 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

/// A text that is not a key id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a key id; expected 32 lower-case hexadecimal digits")]
pub struct InvalidKeyId;

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = InvalidKeyId;

    fn from_str(text: &str) -> Result<Self, InvalidKeyId> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| InvalidKeyId)?;
        bytes.try_into().map(Self).map_err(|_| InvalidKeyId)
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An Ed25519 public key (RFC 8032). Text form: base64 of its 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

/// Bytes or a text that are not an Ed25519 public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 public key; expected 32 bytes in base64")]
pub struct InvalidPublicKey;

impl PublicKey {
    /// Takes the 32 bytes of a point on the curve.
    ///
    /// # Errors
    /// [`InvalidPublicKey`] for another length or bytes that are not a point.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidPublicKey> {
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| InvalidPublicKey)?;
        ParsedPublicKey::new(&ED25519, bytes).map_err(|_| InvalidPublicKey)?;
        Ok(Self(bytes))
    }

    /// Bytes that come from a key pair.
    pub(super) fn of_pair(bytes: &[u8]) -> Self {
        Self(bytes.try_into().expect("an Ed25519 public key has 32 bytes"))
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key's name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let digest = Digest::of(&self.0);
        KeyId(*digest.as_bytes().first_chunk().expect("a digest has 32 bytes"))
    }

    /// Whether `signature` is this key's signature of `message`.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        ParsedPublicKey::new(&ED25519, self.0).is_ok_and(|key| key.verify_sig(message, signature).is_ok())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = InvalidPublicKey;

    fn from_str(text: &str) -> Result<Self, InvalidPublicKey> {
        Self::from_bytes(&STANDARD.decode(text).map_err(|_| InvalidPublicKey)?)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    /// RFC 8032, section 7.1, TEST 2.
    #[test]
    fn the_published_signature_verifies_and_no_other() {
        let key =
            PublicKey::from_bytes(&hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")).unwrap();
        let mut signature = hex(concat!(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ));
        assert!(key.verifies(&[0x72], &signature));
        assert!(!key.verifies(&[0x73], &signature));
        assert!(!key.verifies(&[0x72], &signature[..63]));
        signature[0] ^= 1;
        assert!(!key.verifies(&[0x72], &signature));
    }

    #[test]
    fn text_forms_read_back() {
        let key =
            PublicKey::from_bytes(&hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")).unwrap();
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_eq!(key.id().to_string().parse(), Ok(key.id()));
        assert_eq!(key.id().to_string(), Digest::of(key.as_bytes()).to_string()[..32]);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for bad in ["", "AAAA", "no base64!", &STANDARD.encode([7; 33])] {
            assert_eq!(bad.parse::<PublicKey>(), Err(InvalidPublicKey), "{bad}");
        }
        for bad in ["", "00", &"A".repeat(32), &"0".repeat(34)] {
            assert_eq!(bad.parse::<KeyId>(), Err(InvalidKeyId), "{bad}");
        }
    }
}
