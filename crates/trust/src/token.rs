//! Bearer secrets: enrolment tokens for clients and access tokens for administrators.
//!
//! A token carries the fingerprint of the site's certificate authority, so that its user knows the site before it
//! sends the secret. The site keeps a [`TokenHash`] only. The secrets are 160 random bits, which can't be guessed, so a plain
//! hash does where a password would need a slow one. No debug form and no error shows a secret.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32_DNSSEC;

use crate::certificate::Fingerprint;
use crate::random;

/// Domain of the hash at rest; a change makes every stored hash worthless.
const HASH_CONTEXT: &str = "dray 2026-11 bearer secret at rest";

/// 20 random bytes. Text form: 32 digits of base 32 (0-9, a-v), as they stand in an `Authorization: Bearer` header.
#[derive(Clone)]
pub struct Secret([u8; 20]);

/// What a token is good for; part of its text and of its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenKind {
    /// Lets a client ask for its certificate.
    Enrolment,
    /// Lets an administrator's program use the API.
    Admin,
}

/// A secret, what it is good for and at which site.
#[derive(Clone, Debug)]
pub struct Token {
    /// What it is good for.
    pub kind: TokenKind,
    /// The secret to show to the site.
    pub secret: Secret,
    /// The certificate authority of the site; pin it before showing the secret.
    pub authority: Fingerprint,
}

/// Hash of a secret and its kind, kept by the site. Comparing two takes the same time whatever they hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash(blake3::Hash);

/// Why a text is not the token asked for. Never repeats the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Not of the form at all.
    #[error("not a token; expected `{}.<secret>.<fingerprint>`", .0.prefix())]
    Form(TokenKind),
    /// A token of the other kind.
    #[error("wrong kind of token: it begins with `{}`, expected one that begins with `{}`", found.prefix(), expected.prefix())]
    WrongKind {
        /// What is needed here.
        expected: TokenKind,
        /// What was given.
        found: TokenKind,
    },
    /// The part between the dots is damaged.
    #[error("the token's secret is incomplete or damaged; expected 32 characters of 0-9 and a-v")]
    Secret,
    /// The last part is damaged.
    #[error("the token's fingerprint is incomplete or damaged; expected 64 hexadecimal digits")]
    Fingerprint,
}

impl TokenKind {
    const ALL: [Self; 2] = [Self::Enrolment, Self::Admin];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Enrolment => "dray-enrol",
            Self::Admin => "dray-admin",
        }
    }
}

impl Secret {
    /// Draws a new secret.
    #[must_use]
    pub fn generate() -> Self {
        Self(random::bytes())
    }

    /// The text form: for the one who may use the secret, never for a log.
    #[must_use]
    pub fn reveal(&self) -> String {
        BASE32_DNSSEC.encode(&self.0)
    }

    /// What the site keeps of it.
    #[must_use]
    pub fn hash(&self, kind: TokenKind) -> TokenHash {
        let mut hasher = blake3::Hasher::new_derive_key(HASH_CONTEXT);
        hasher.update(kind.prefix().as_bytes()).update(b".").update(&self.0);
        TokenHash(hasher.finalize())
    }
}

impl FromStr for Secret {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        // Lower case only: one secret has one text.
        if text.len() != 32 || text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(InvalidToken::Secret);
        }
        let bytes = BASE32_DNSSEC.decode(text.as_bytes()).map_err(|_| InvalidToken::Secret)?;
        bytes.try_into().map(Self).map_err(|_| InvalidToken::Secret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Token {
    /// Draws a new token for the site with this certificate authority.
    #[must_use]
    pub fn generate(kind: TokenKind, authority: Fingerprint) -> Self {
        Self { kind, secret: Secret::generate(), authority }
    }

    /// The text form `dray-enrol.<secret>.<fingerprint>` or `dray-admin.…`: shown once to the one who may use it.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{}.{}.{}", self.kind.prefix(), self.secret.reveal(), self.authority)
    }

    /// Reads a token of the kind that is needed here; white space around it is passed over.
    ///
    /// # Errors
    /// [`InvalidToken`], which says what is wrong and never repeats the text.
    pub fn parse(kind: TokenKind, text: &str) -> Result<Self, InvalidToken> {
        let mut parts = text.trim().split('.');
        let (Some(prefix), Some(secret), Some(authority), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(InvalidToken::Form(kind));
        };
        match TokenKind::ALL.into_iter().find(|known| known.prefix() == prefix) {
            None => return Err(InvalidToken::Form(kind)),
            Some(found) if found != kind => return Err(InvalidToken::WrongKind { expected: kind, found }),
            Some(_) => {}
        }
        let secret = secret.parse()?;
        let authority = authority.parse().map_err(|_| InvalidToken::Fingerprint)?;
        Ok(Self { kind, secret, authority })
    }

    /// What the site keeps of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        self.secret.hash(self.kind)
    }
}

impl TokenHash {
    /// Takes bytes that were stored earlier.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(blake3::Hash::from_bytes(bytes))
    }

    /// The 32 bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(kind: TokenKind) -> Token {
        Token::generate(kind, Fingerprint::of(b"certificate"))
    }

    #[test]
    fn a_token_reads_back_and_has_the_same_hash() {
        for kind in TokenKind::ALL {
            let token = token(kind);
            let read = Token::parse(kind, &format!("  {}\n", token.reveal())).unwrap();
            assert_eq!((read.hash(), read.authority), (token.hash(), token.authority));
        }
    }

    #[test]
    fn a_secret_has_another_hash_as_another_kind_of_token() {
        let secret = Secret::generate();
        assert_ne!(secret.hash(TokenKind::Enrolment), secret.hash(TokenKind::Admin));
        assert_ne!(secret.hash(TokenKind::Admin), Secret::generate().hash(TokenKind::Admin));
    }

    #[test]
    fn a_stored_hash_never_changes_with_the_version() {
        let hash = Secret([7; 20]).hash(TokenKind::Enrolment);
        let known = "d739ee1173f3402d4884bb6640deaa36c5db5ac42bb40f9146d138cdc1053574";
        assert_eq!(data_encoding::HEXLOWER.encode(hash.as_bytes()), known);
        assert_eq!(TokenHash::from_bytes(*hash.as_bytes()), hash);
    }

    #[test]
    fn errors_say_what_is_wrong_and_never_repeat_the_secret() {
        let good = token(TokenKind::Enrolment).reveal();
        let parse = |text: &str| Token::parse(TokenKind::Enrolment, text).unwrap_err();
        let parts: Vec<_> = good.split('.').collect();
        let (expected, found) = (TokenKind::Enrolment, TokenKind::Admin);
        let form = InvalidToken::Form(TokenKind::Enrolment);
        assert_eq!(parse(&good.replace("enrol", "admin")), InvalidToken::WrongKind { expected, found });
        assert_eq!(parse(&good.replace("enrol", "other")), form);
        assert_eq!(parse(&good.replace('.', "-")), form);
        assert_eq!(parse(&format!("{good}.x")), form);
        assert_eq!(parse(&good[..good.len() - 1]), InvalidToken::Fingerprint);
        assert_eq!(parse(&format!("{}.{}.{}", parts[0], &parts[1][1..], parts[2])), InvalidToken::Secret);
        assert_eq!(parse(&good.replace(parts[1], &"w".repeat(32))), InvalidToken::Secret);
    }

    #[test]
    fn debug_forms_show_no_secret() {
        let token = token(TokenKind::Admin);
        let shown = format!("{token:?} {:?}", token.hash());
        assert!(
            !shown.contains(&token.secret.reveal()) && !shown.contains(&format!("{:?}", token.secret.0)),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(dray-enrol|dray-admin)?\\.?\\PC{0,120}") {
            if let Ok(token) = Token::parse(TokenKind::Enrolment, &text) {
                prop_assert_eq!(token.reveal(), text.trim());
            }
        }
    }
}
