//! Why bytes are not a document to act on.

use dray_model::Digest;

use crate::keys::{Role, SignatureError};

/// Why an envelope or the document in it is refused.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// More bytes than the limits allow.
    #[error("the document has {found} bytes, the limit is {max}")]
    TooLarge {
        /// Bytes given.
        found: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// JSON nested deeper than the limits allow.
    #[error("the JSON is nested more than {max} levels deep")]
    TooDeep {
        /// Levels allowed.
        max: usize,
    },
    /// More signatures than the limits allow.
    #[error("the envelope has {found} signatures, the limit is {max}")]
    TooManySignatures {
        /// Signatures given.
        found: usize,
        /// Signatures allowed.
        max: usize,
    },
    /// Not the JSON of an envelope.
    #[error("cannot read the envelope of a signed document")]
    Malformed(#[source] serde_json::Error),
    /// A field that isn't base64.
    #[error("cannot decode the field {field} of an envelope")]
    Base64 {
        /// `payload` or `sig`.
        field: &'static str,
        /// Where it goes wrong.
        source: base64::DecodeError,
    },
    /// Not the document that was asked for.
    #[error("expected the document {expected}, found {found}")]
    WrongDigest {
        /// Digest asked for.
        expected: Digest,
        /// Digest of the bytes given.
        found: Digest,
    },
    /// A document of another kind.
    #[error("wrong payload type for a signed {role}: expected {}, found {found:?}", role.payload_type())]
    WrongType {
        /// The role asked for.
        role: Role,
        /// The type found, cut to 100 characters.
        found: String,
    },
    /// Not signed by those who may.
    #[error(transparent)]
    Signatures(#[from] SignatureError),
    /// The signed payload isn't a document that this version understands.
    #[error("cannot read the payload of a signed {role}")]
    Payload {
        /// The role of the document.
        role: Role,
        /// Where reading stopped.
        source: serde_json::Error,
    },
    /// A document to be signed by nobody.
    #[error("there is no key to sign a {0} with")]
    NoSigner(Role),
    /// A document that can't be written as JSON.
    #[error("cannot write a {role} as JSON")]
    Unwritable {
        /// The role of the document.
        role: Role,
        /// What couldn't be written.
        source: serde_json::Error,
    },
}
