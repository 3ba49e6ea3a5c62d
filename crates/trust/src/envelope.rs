//! DSSE 1.0 envelopes: JSON with a payload, its type and signatures by key id.
//!
//! What is signed is the pre-authentication encoding of type and payload together; the payload that was verified is the
//! payload that is handed out, never a second decoding. There is no way to get an unverified payload from an [`Envelope`].
//! Specification: <https://github.com/secure-systems-lab/dsse>, `protocol.md` and `envelope.md`.

mod error;
mod limits;

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};

use crate::keys::{KeyId, Role, SigningKey, TrustedKeys};

pub use error::EnvelopeError;
pub use limits::Limits;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const READ_STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const READ_URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// A signed payload that nobody has verified yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<Signature>,
}

/// A payload that enough trusted keys have signed in the role asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<'a> {
    /// The signed bytes.
    pub payload: &'a [u8],
    /// The signed type; always that of the role.
    pub payload_type: &'a str,
    /// The trusted keys that signed: at least the role's threshold.
    pub signers: BTreeSet<KeyId>,
}

#[derive(Clone, PartialEq, Eq)]
struct Signature {
    key_id: String,
    bytes: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<WireSignature>,
}

#[derive(Serialize, Deserialize)]
struct WireSignature {
    #[serde(default)]
    keyid: String,
    sig: String,
}

impl Envelope {
    /// Signs `payload` as `payload_type` with each of `keys`, in their order.
    #[must_use]
    pub fn sign(payload_type: &str, payload: Vec<u8>, keys: &[&SigningKey]) -> Self {
        let message = pre_authentication_encoding(payload_type, &payload);
        let signatures =
            keys.iter().map(|key| Signature { key_id: key.id().to_string(), bytes: key.sign(&message) }).collect();
        Self { payload_type: payload_type.to_owned(), payload, signatures }
    }

    /// Reads an envelope without trusting it.
    ///
    /// # Errors
    /// Sizes, depth and number of signatures beyond `limits`; bytes that are no JSON envelope; base64 that can't be read.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, EnvelopeError> {
        limits.check_size(bytes)?;
        limits.check_depth(bytes)?;
        let wire: Wire = serde_json::from_slice(bytes).map_err(EnvelopeError::Malformed)?;
        if wire.signatures.len() > limits.signatures_max {
            let (found, max) = (wire.signatures.len(), limits.signatures_max);
            return Err(EnvelopeError::TooManySignatures { found, max });
        }
        let payload = from_base64(&wire.payload, "payload")?;
        let signatures = wire.signatures.into_iter().map(Signature::read).collect::<Result<_, _>>()?;
        Ok(Self { payload_type: wire.payload_type, payload, signatures })
    }

    /// The bytes to store and send; a document's digest is the BLAKE3 digest of exactly these.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let signatures = self
            .signatures
            .iter()
            .map(|s| WireSignature { keyid: s.key_id.clone(), sig: STANDARD.encode(&s.bytes) })
            .collect();
        let payload = STANDARD.encode(&self.payload);
        let wire = Wire { payload, payload_type: self.payload_type.clone(), signatures };
        serde_json::to_vec(&wire).expect("texts in structs are always JSON")
    }

    /// Hands out the payload if it has the role's payload type and enough keys trusted in the role have signed it.
    ///
    /// # Errors
    /// [`EnvelopeError::WrongType`] or [`EnvelopeError::Signatures`].
    pub fn verify(&self, keys: &TrustedKeys, role: Role) -> Result<Verified<'_>, EnvelopeError> {
        if self.payload_type != role.payload_type() {
            let found = self.payload_type.chars().take(100).collect();
            return Err(EnvelopeError::WrongType { role, found });
        }
        let message = pre_authentication_encoding(&self.payload_type, &self.payload);
        let signatures = self.signatures.iter().map(|s| (s.key_id.as_str(), s.bytes.as_slice()));
        let signers = keys.verify(role, &message, signatures)?;
        Ok(Verified { payload: &self.payload, payload_type: &self.payload_type, signers })
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signers: Vec<_> = self.signatures.iter().map(|s| &s.key_id).collect();
        f.debug_struct("Envelope")
            .field("payload_type", &self.payload_type)
            .field("payload_bytes", &self.payload.len())
            .field("claimed_signers", &signers)
            .finish()
    }
}

impl Signature {
    fn read(wire: WireSignature) -> Result<Self, EnvelopeError> {
        Ok(Self { bytes: from_base64(&wire.sig, "sig")?, key_id: wire.keyid })
    }
}

/// Both alphabets are legal in DSSE; padding may be missing.
fn from_base64(text: &str, field: &'static str) -> Result<Vec<u8>, EnvelopeError> {
    READ_STANDARD
        .decode(text)
        .or_else(|_| READ_URL_SAFE.decode(text))
        .map_err(|source| EnvelopeError::Base64 { field, source })
}

/// `DSSEv1 LEN(type) type LEN(body) body`, lengths in bytes as decimal digits: no two pairs have the same encoding.
fn pre_authentication_encoding(payload_type: &str, body: &[u8]) -> Vec<u8> {
    let mut encoded = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), body.len()).into_bytes();
    encoded.extend_from_slice(body);
    encoded
}

#[cfg(test)]
mod tests;
