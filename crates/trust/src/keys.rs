//! Ed25519 keys, and which of them may sign what.
//!
//! A key may sign only the kinds of document of the roles that list it. The invariant of [`TrustedKeys`]: each role has
//! at least as many distinct keys as its threshold asks for, and each key stands under the id computed from it.

mod public;
mod role;
mod signing;
mod trusted;

pub use public::{InvalidKeyId, InvalidPublicKey, KeyId, PublicKey};
pub use role::Role;
pub use signing::{InvalidSigningKey, SigningKey};
pub use trusted::{InvalidTrustedKeys, KEYS_MAX, RoleKeys, SignatureError, TrustedKeys};
