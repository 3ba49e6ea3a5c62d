//! The keys that a client trusts, role by role.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{KeyId, PublicKey, Role};

/// Most keys that a role may have. Verifying costs at most one check a signature, so this bounds size, not time.
pub const KEYS_MAX: usize = 64;

/// For each role its public keys and how many of them must sign. Sent to clients at enrolment; a role that isn't listed trusts nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedKeys {
    roles: BTreeMap<Role, RoleKeys>,
}

/// The keys of one role. Reading one checks what [`TrustedKeys::with_role`] checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoleKeys {
    keys: Vec<ListedKey>,
    threshold: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ListedKey {
    key_id: KeyId,
    public_key: PublicKey,
}

/// Why keys and a threshold don't make a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTrustedKeys {
    /// The threshold is zero or can't be reached.
    #[error("the threshold {threshold} must be between 1 and the number of keys, {keys}")]
    Threshold {
        /// Signatures asked for.
        threshold: usize,
        /// Keys given.
        keys: usize,
    },
    /// More than [`KEYS_MAX`] keys.
    #[error("there are {0} keys in one role, the limit is {KEYS_MAX}")]
    TooMany(usize),
    /// The same key twice.
    #[error("the key {0} is listed twice")]
    Duplicate(KeyId),
    /// A key under the id of another.
    #[error("the key listed as {listed} is really {computed}")]
    WrongId {
        /// The id in the list.
        listed: KeyId,
        /// The id computed from the key.
        computed: KeyId,
    },
}

/// Why signatures are not enough for a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The role isn't listed.
    #[error("no key is trusted for the role {0}")]
    NoKeys(Role),
    /// Fewer distinct trusted keys signed than the role's threshold asks for.
    #[error(
        "not enough valid signatures for the role {role}: needs {threshold} from trusted keys, found {valid} \
         (keys not trusted for this role: {unknown:?}, invalid signatures: {wrong:?})"
    )]
    NotEnough {
        /// The role asked about.
        role: Role,
        /// Distinct keys needed.
        threshold: usize,
        /// Distinct keys found.
        valid: usize,
        /// Key ids, as written in the envelope, that the role doesn't list; each cut to 32 characters.
        unknown: Vec<String>,
        /// Trusted keys under whose id a signature stands that they didn't make.
        wrong: Vec<KeyId>,
    },
}

impl TrustedKeys {
    /// Trusts nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the keys of a role, replacing earlier ones.
    ///
    /// # Errors
    /// A duplicate key, too many keys, or a threshold that is zero or out of reach.
    pub fn with_role(
        mut self,
        role: Role,
        keys: impl IntoIterator<Item = PublicKey>,
        threshold: usize,
    ) -> Result<Self, InvalidTrustedKeys> {
        let keys = keys.into_iter().map(|key| ListedKey { key_id: key.id(), public_key: key }).collect();
        self.roles.insert(role, RoleKeys::checked(keys, threshold)?);
        Ok(self)
    }

    /// The keys of `role`, if anybody is trusted in it.
    #[must_use]
    pub fn role(&self, role: Role) -> Option<&RoleKeys> {
        self.roles.get(&role)
    }

    /// Counts the distinct keys of `role` that signed `message`, and returns them if they reach the role's threshold.
    ///
    /// `signatures` are pairs of key id, as written, and signature bytes. A key id is only a hint which key to try: ids that the
    /// role doesn't list and wrong signatures are passed over.
    ///
    /// # Errors
    /// [`SignatureError`], which says what was found instead.
    pub fn verify<'a>(
        &self,
        role: Role,
        message: &[u8],
        signatures: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<BTreeSet<KeyId>, SignatureError> {
        let trusted = self.roles.get(&role).ok_or(SignatureError::NoKeys(role))?;
        let (mut valid, mut unknown, mut wrong) = (BTreeSet::new(), Vec::new(), Vec::new());
        for (written, signature) in signatures {
            match trusted.find(written) {
                None => unknown.push(written.chars().take(32).collect()),
                Some(key) if valid.contains(&key.key_id) => {}
                Some(key) if key.public_key.verifies(message, signature) => _ = valid.insert(key.key_id),
                Some(key) => wrong.push(key.key_id),
            }
        }
        if valid.len() < trusted.threshold {
            let (threshold, valid) = (trusted.threshold, valid.len());
            return Err(SignatureError::NotEnough { role, threshold, valid, unknown, wrong });
        }
        Ok(valid)
    }
}

impl RoleKeys {
    fn checked(keys: Vec<ListedKey>, threshold: usize) -> Result<Self, InvalidTrustedKeys> {
        if keys.len() > KEYS_MAX {
            return Err(InvalidTrustedKeys::TooMany(keys.len()));
        }
        let mut seen = BTreeSet::new();
        for ListedKey { key_id, public_key } in &keys {
            let computed = public_key.id();
            if *key_id != computed {
                return Err(InvalidTrustedKeys::WrongId { listed: *key_id, computed });
            }
            if !seen.insert(computed) {
                return Err(InvalidTrustedKeys::Duplicate(computed));
            }
        }
        if !(1..=keys.len()).contains(&threshold) {
            return Err(InvalidTrustedKeys::Threshold { threshold, keys: keys.len() });
        }
        Ok(Self { keys, threshold })
    }

    /// The keys, in the order in which they were listed.
    pub fn keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.iter().map(|key| &key.public_key)
    }

    /// How many distinct keys must sign.
    #[must_use]
    pub const fn threshold(&self) -> usize {
        self.threshold
    }

    fn find(&self, written: &str) -> Option<&ListedKey> {
        let id: KeyId = written.parse().ok()?;
        self.keys.iter().find(|key| key.key_id == id)
    }
}

impl<'de> Deserialize<'de> for RoleKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Unchecked {
            keys: Vec<ListedKey>,
            #[serde(default = "one")]
            threshold: usize,
        }
        let Unchecked { keys, threshold } = Unchecked::deserialize(deserializer)?;
        Self::checked(keys, threshold).map_err(D::Error::custom)
    }
}

const fn one() -> usize {
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SigningKey;

    fn trusting(keys: &[&SigningKey], threshold: usize) -> TrustedKeys {
        TrustedKeys::new().with_role(Role::Policy, keys.iter().map(|key| *key.public_key()), threshold).unwrap()
    }

    #[test]
    fn a_key_that_signs_twice_counts_once() {
        let (a, b) = (SigningKey::generate(), SigningKey::generate());
        let (id, signature) = (a.id().to_string(), a.sign(b"m"));
        let twice = [(id.as_str(), signature.as_slice()); 2];
        assert!(trusting(&[&a, &b], 1).verify(Role::Policy, b"m", twice).is_ok());
        let error = trusting(&[&a, &b], 2).verify(Role::Policy, b"m", twice).unwrap_err();
        assert!(matches!(error, SignatureError::NotEnough { valid: 1, threshold: 2, .. }), "{error}");
    }

    #[test]
    fn unknown_keys_and_wrong_signatures_are_passed_over_and_named() {
        let (a, b, stranger) = (SigningKey::generate(), SigningKey::generate(), SigningKey::generate());
        let ids = [a.id().to_string(), b.id().to_string(), stranger.id().to_string()];
        let signatures = [a.sign(b"m"), a.sign(b"m"), stranger.sign(b"m")];
        let pairs = || ids.iter().map(String::as_str).zip(signatures.iter().map(Vec::as_slice));
        assert_eq!(trusting(&[&a, &b], 1).verify(Role::Policy, b"m", pairs()).unwrap(), BTreeSet::from([a.id()]));
        assert_eq!(
            trusting(&[&a, &b], 2).verify(Role::Policy, b"m", pairs()).unwrap_err(),
            SignatureError::NotEnough {
                role: Role::Policy,
                threshold: 2,
                valid: 1,
                unknown: vec![stranger.id().to_string()],
                wrong: vec![b.id()],
            }
        );
    }

    #[test]
    fn a_key_of_one_role_is_a_stranger_in_another() {
        let key = SigningKey::generate();
        let (id, signature) = (key.id().to_string(), key.sign(b"m"));
        let verdict = trusting(&[&key], 1).verify(Role::Release, b"m", [(id.as_str(), signature.as_slice())]);
        assert_eq!(verdict, Err(SignatureError::NoKeys(Role::Release)));
    }

    #[test]
    fn a_threshold_out_of_reach_and_a_key_listed_twice_are_refused() {
        let key = *SigningKey::generate().public_key();
        for threshold in [0, 2] {
            let refused = TrustedKeys::new().with_role(Role::Policy, [key], threshold);
            assert_eq!(refused, Err(InvalidTrustedKeys::Threshold { threshold, keys: 1 }));
        }
        let refused = TrustedKeys::new().with_role(Role::Policy, [key, key], 1);
        assert_eq!(refused, Err(InvalidTrustedKeys::Duplicate(key.id())));
    }

    #[test]
    fn trusted_keys_read_back_and_a_key_under_a_false_id_is_refused() {
        let (a, b) = (SigningKey::generate(), SigningKey::generate());
        let text = serde_json::to_string(&trusting(&[&a], 1)).unwrap();
        assert_eq!(serde_json::from_str::<TrustedKeys>(&text).unwrap(), trusting(&[&a], 1));
        let forged = text.replace(&a.id().to_string(), &b.id().to_string());
        let error = serde_json::from_str::<TrustedKeys>(&forged).unwrap_err().to_string();
        assert!(error.contains("listed as"), "{error}");
        assert!(serde_json::from_str::<TrustedKeys>(&text.replace("\"threshold\":1", "\"threshold\":0")).is_err());
    }
}
