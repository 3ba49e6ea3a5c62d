//! Why bytes are not a document to act on.

use dray_model::Digest;

use crate::keys::{Role, SignatureError};

/// Why an envelope or the document in it is refused.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// More bytes than the limits allow.
    #[error("a document of {found} bytes, at most {max} are read")]
    TooLarge {
        /// Bytes given.
        found: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// JSON nested deeper than the limits allow.
    #[error("JSON nested deeper than {max} levels")]
    TooDeep {
        /// Levels allowed.
        max: usize,
    },
    /// More signatures than the limits allow.
    #[error("an envelope with {found} signatures, at most {max} are read")]
    TooManySignatures {
        /// Signatures given.
        found: usize,
        /// Signatures allowed.
        max: usize,
    },
    /// Not the JSON of an envelope.
    #[error("can't read the envelope of a signed document")]
    Malformed(#[source] serde_json::Error),
    /// A field that isn't base64.
    #[error("can't decode the field {field} of an envelope")]
    Base64 {
        /// `payload` or `sig`.
        field: &'static str,
        /// Where it goes wrong.
        source: base64::DecodeError,
    },
    /// Not the document that was asked for.
    #[error("the document {expected} was expected, the bytes are {found}")]
    WrongDigest {
        /// Digest asked for.
        expected: Digest,
        /// Digest of the bytes given.
        found: Digest,
    },
    /// A document of another kind.
    #[error("a signed {role} has the payload type {}, this one has {found:?}", role.payload_type())]
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
    #[error("can't read the payload of a signed {role}")]
    Payload {
        /// The role of the document.
        role: Role,
        /// Where reading stopped.
        source: serde_json::Error,
    },
    /// A document to be signed by nobody.
    #[error("no key given to sign a {0} with")]
    NoSigner(Role),
    /// A document that can't be written as JSON.
    #[error("can't write a {role} as JSON")]
    Unwritable {
        /// The role of the document.
        role: Role,
        /// What couldn't be written.
        source: serde_json::Error,
    },
}
