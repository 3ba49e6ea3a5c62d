//! Typed documents in signed envelopes: the one way from bytes of the network to something to act on.
//!
//! A document's digest is the digest of its envelope's bytes as transported, signatures included. The order of checks is size, digest,
//! envelope, type, signatures, and only then is the payload parsed: nothing unsigned reaches a document's parser.

use dray_model::Digest;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::envelope::{Envelope, EnvelopeError, Limits};
use crate::keys::{Role, SigningKey, TrustedKeys};

/// A signed document ready to be stored and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The envelope as transported.
    pub bytes: Vec<u8>,
    /// The document's identity: the digest of `bytes`.
    pub digest: Digest,
}

/// Writes `document` as JSON and signs it in `role` with each of `keys`.
///
/// # Errors
/// [`EnvelopeError::NoSigner`] without keys, [`EnvelopeError::Unwritable`] for a value without a JSON form, [`EnvelopeError::TooLarge`] or [`EnvelopeError::TooDeep`] for a
/// document that no reader with the default [`Limits`] would take.
pub fn seal_document<T: Serialize>(role: Role, document: &T, keys: &[&SigningKey]) -> Result<Sealed, EnvelopeError> {
    if keys.is_empty() {
        return Err(EnvelopeError::NoSigner(role));
    }
    let payload = serde_json::to_vec(document).map_err(|source| EnvelopeError::Unwritable { role, source })?;
    Limits::DEFAULT.check_depth(&payload)?;
    let bytes = Envelope::sign(role.payload_type(), payload, keys).to_bytes();
    Limits::DEFAULT.check_size(&bytes)?;
    Ok(Sealed { digest: Digest::of(&bytes), bytes })
}

/// Reads a document that is signed in `role` by enough of the trusted keys, with the default [`Limits`].
///
/// `expected` is the digest by which the document was asked for; without one any document of the role is taken (a policy, for
/// instance), and whether it is the newest and meant for this device is for the caller to decide.
///
/// # Errors
/// [`EnvelopeError`]; nothing of a refused document is given out.
pub fn open_document<T: DeserializeOwned>(
    bytes: &[u8],
    expected: Option<Digest>,
    keys: &TrustedKeys,
    role: Role,
) -> Result<T, EnvelopeError> {
    let limits = Limits::DEFAULT;
    limits.check_size(bytes)?;
    if let Some(expected) = expected {
        let found = Digest::of(bytes);
        if found != expected {
            return Err(EnvelopeError::WrongDigest { expected, found });
        }
    }
    let envelope = Envelope::parse(bytes, &limits)?;
    let verified = envelope.verify(keys, role)?;
    limits.check_depth(verified.payload)?;
    serde_json::from_slice(verified.payload).map_err(|source| EnvelopeError::Payload { role, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::{Value, json};

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Note {
        text: String,
    }

    fn note() -> Note {
        Note { text: "on the third floor".to_owned() }
    }

    fn trusting(key: &SigningKey) -> TrustedKeys {
        TrustedKeys::new().with_role(Role::Advertisement, [*key.public_key()], 1).unwrap()
    }

    #[test]
    fn a_sealed_document_opens_under_its_digest() {
        let key = SigningKey::generate();
        let sealed = seal_document(Role::Advertisement, &note(), &[&key]).unwrap();
        let opened: Note =
            open_document(&sealed.bytes, Some(sealed.digest), &trusting(&key), Role::Advertisement).unwrap();
        assert_eq!(opened, note());
    }

    /// Ed25519 signs the same bytes the same way each time, so the whole document is always the same; OpenSSL made this signature too.
    #[test]
    fn a_document_of_today_can_be_read_for_ever() {
        let seed = "-----BEGIN PRIVATE KEY-----\n\
                    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
                    -----END PRIVATE KEY-----\n";
        let key = SigningKey::from_pem(seed).unwrap();
        let keys = include_str!("../tests/golden/trusted-keys.json").trim_end();
        let document = include_str!("../tests/golden/document.json").trim_end();
        assert_eq!(serde_json::to_string(&trusting(&key)).unwrap(), keys);
        let sealed = seal_document(Role::Advertisement, &note(), &[&key]).unwrap();
        assert_eq!(String::from_utf8(sealed.bytes).unwrap(), document);
        let keys = serde_json::from_str(keys).unwrap();
        assert_eq!(open_document::<Note>(document.as_bytes(), None, &keys, Role::Advertisement).unwrap(), note());
    }

    #[test]
    fn a_document_that_nobody_signs_is_not_sealed() {
        let refused = seal_document(Role::Advertisement, &note(), &[]);
        assert!(matches!(refused, Err(EnvelopeError::NoSigner(Role::Advertisement))));
    }

    #[test]
    fn another_document_than_the_one_asked_for_is_refused() {
        let key = SigningKey::generate();
        let sealed = seal_document(Role::Advertisement, &note(), &[&key]).unwrap();
        let other = Digest::of(b"other");
        let refused = open_document::<Note>(&sealed.bytes, Some(other), &trusting(&key), Role::Advertisement);
        assert!(matches!(refused, Err(EnvelopeError::WrongDigest { expected, .. }) if expected == other));
    }

    #[test]
    fn a_document_of_a_stranger_is_refused_before_it_is_parsed() {
        let (key, stranger) = (SigningKey::generate(), SigningKey::generate());
        let sealed = seal_document(Role::Advertisement, &json!({"not": "a note"}), &[&stranger]).unwrap();
        let refused = open_document::<Note>(&sealed.bytes, None, &trusting(&key), Role::Advertisement);
        assert!(matches!(refused, Err(EnvelopeError::Signatures(_))));
    }

    #[test]
    fn a_signed_payload_of_another_shape_is_refused() {
        let key = SigningKey::generate();
        let sealed = seal_document(Role::Advertisement, &json!({"not": "a note"}), &[&key]).unwrap();
        let refused = open_document::<Note>(&sealed.bytes, None, &trusting(&key), Role::Advertisement);
        assert!(matches!(refused, Err(EnvelopeError::Payload { role: Role::Advertisement, .. })));
    }

    #[test]
    fn a_payload_nested_too_deep_is_neither_written_nor_read() {
        let key = SigningKey::generate();
        let deep = (0..33).fold(json!(0), |inner, _| json!([inner]));
        assert!(matches!(seal_document(Role::Advertisement, &deep, &[&key]), Err(EnvelopeError::TooDeep { max: 32 })));
        let payload = serde_json::to_vec(&deep).unwrap();
        let bytes = Envelope::sign(Role::Advertisement.payload_type(), payload, &[&key]).to_bytes();
        let refused = open_document::<Value>(&bytes, None, &trusting(&key), Role::Advertisement);
        assert!(matches!(refused, Err(EnvelopeError::TooDeep { max: 32 })));
    }

    #[test]
    fn a_document_that_is_too_large_is_neither_written_nor_read() {
        let key = SigningKey::generate();
        let large = Note { text: "x".repeat(4 << 20) };
        assert!(matches!(seal_document(Role::Advertisement, &large, &[&key]), Err(EnvelopeError::TooLarge { .. })));
        let refused = open_document::<Value>(&vec![b' '; (4 << 20) + 1], None, &trusting(&key), Role::Advertisement);
        assert!(matches!(refused, Err(EnvelopeError::TooLarge { .. })));
    }
}
