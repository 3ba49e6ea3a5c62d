//! A site's history in eras: how somebody who holds what the site signed can show it that its database has gone back in time.
//!
//! An era begins each time that a server of the site starts, and when the site *returns*: when it goes on from an older copy of itself.
//! Everything that is numbered says its era too, so a number means something in one history only. An era is named by random bits: a
//! copy that goes on by itself never names one as the original did.

use std::fmt;
use std::str::FromStr;

use crate::EraId;
use crate::policy::Policy;

/// The header in which a client says what it holds: a [`Holds`].
pub const HOLDS_HEADER: &str = "dray-holds";
/// The header in which a client says what it is called, for a site that has forgotten it.
pub const NAME_HEADER: &str = "dray-name";
/// The code of the refusal that asks a client to send back what it holds, because the site has forgotten that it signed it.
pub const PROOF_WANTED: &str = "proof_wanted";
/// The code of the refusal to a member that the site has forgotten: an administrator must accept it.
pub const AWAITS_ACCEPTANCE: &str = "awaits_acceptance";

/// What a client says that it holds. A mere claim: only the signed document proves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holds {
    /// The number of the newest document that it took.
    pub number: u64,
    /// The era in which that was signed.
    pub era: Option<EraId>,
}

impl Holds {
    /// What the holder of `policy` says.
    #[must_use]
    pub const fn of(policy: &Policy) -> Self {
        Self { number: policy.number, era: policy.era }
    }
}

/// As it stands in the header: the number, and the era after a dot.
impl fmt::Display for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.era {
            Some(era) => write!(f, "{}.{era}", self.number),
            None => write!(f, "{}", self.number),
        }
    }
}

/// A text that doesn't say what is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number is expected, then a dot and an era where there is one")]
pub struct InvalidHolds;

impl FromStr for Holds {
    type Err = InvalidHolds;

    fn from_str(text: &str) -> Result<Self, InvalidHolds> {
        let (number, era) = match text.split_once('.') {
            Some((number, era)) => (number, Some(era.parse().map_err(|_| InvalidHolds)?)),
            None => (text, None),
        };
        Ok(Self { number: number.parse().map_err(|_| InvalidHolds)?, era })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_held_reads_back(number in any::<u64>(), era in proptest::option::of(any::<u64>())) {
            let held = Holds { number, era: era.map(EraId::from_random) };
            prop_assert_eq!(held.to_string().parse(), Ok(held));
        }

        #[test]
        fn no_text_is_too_odd(text in ".{0,40}") {
            let _ = text.parse::<Holds>();
        }
    }
}
