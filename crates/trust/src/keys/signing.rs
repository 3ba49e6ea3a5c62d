//! Private keys.

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;

use super::{KeyId, PublicKey};

/// An Ed25519 key pair that signs documents. Its debug form shows the key's id only.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

/// A text that is not an unencrypted Ed25519 private key in PKCS#8 PEM.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the signing key; expected an Ed25519 private key in PKCS#8 PEM (BEGIN PRIVATE KEY)")]
pub struct InvalidSigningKey;

impl SigningKey {
    /// Draws a new key.
    #[must_use]
    pub fn generate() -> Self {
        let pair = Ed25519KeyPair::generate().expect("AWS-LC aborts the process rather than run without entropy");
        Self::from_pair(pair)
    }

    /// Reads what [`SigningKey::to_pem`] or `openssl genpkey -algorithm ED25519` wrote.
    ///
    /// # Errors
    /// [`InvalidSigningKey`], which doesn't repeat the text.
    pub fn from_pem(pem: &str) -> Result<Self, InvalidSigningKey> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| InvalidSigningKey)?;
        let pair = Ed25519KeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| InvalidSigningKey)?;
        Ok(Self::from_pair(pair))
    }

    /// The private key as PKCS#8 version 1 in PEM, which OpenSSL reads too. If it is written to a file, nobody else may be able to read that.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let der = self.pair.to_pkcs8v1().expect("a key pair in memory can be encoded");
        // 48 bytes are 64 characters: one line, as PEM wants it.
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()))
    }

    /// The public half.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The key's name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.public.id()
    }

    /// Signs `message`: 64 bytes, the same for the same message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }

    fn from_pair(pair: Ed25519KeyPair) -> Self {
        let public = PublicKey::of_pair(pair.public_key().as_ref());
        Self { pair, public }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    /// RFC 8032, section 7.1, TEST 1, wrapped as RFC 8410 wants it.
    #[test]
    fn the_published_key_makes_the_published_signature() {
        let pkcs8 = HEXLOWER
            .decode(
                concat!(
                    "302e020100300506032b657004220420",
                    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
                )
                .as_bytes(),
            )
            .unwrap();
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(pkcs8));
        let key = SigningKey::from_pem(&pem).unwrap();
        assert_eq!(
            HEXLOWER.encode(key.public_key().as_bytes()),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
        assert_eq!(
            HEXLOWER.encode(&key.sign(b"")),
            concat!(
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155",
                "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
            )
        );
        assert_eq!(key.to_pem(), pem);
    }

    #[test]
    fn a_key_survives_its_text_form() {
        let key = SigningKey::generate();
        let read = SigningKey::from_pem(&key.to_pem()).unwrap();
        assert_eq!(read.id(), key.id());
        assert!(key.public_key().verifies(b"message", &read.sign(b"message")));
    }

    #[test]
    fn the_debug_form_shows_no_secret() {
        let key = SigningKey::generate();
        assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.id()));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            let _ = SigningKey::from_pem(&text);
            let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
            prop_assert!(SigningKey::from_pem(&pem).is_err());
        }
    }
}
