//! Which policy counts, and when nothing may be started by it.
//!
//! A policy issued "in the future" is taken all the same: its number and signature hold, so it is the computer's clock that is
//! wrong, and the standings say so. Nothing starts until the clock is right.

use std::time::Duration;

use dray_model::policy::Policy;
use dray_model::state::Reason;
use dray_model::{DeviceId, Timestamp};

/// A clock may lie so far before a policy's date of issue.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(86_400);

/// Why a policy does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyRefusal {
    /// A format of a later version.
    #[error("the policy has format {0}, which this agent cannot read")]
    Format(u32),
    /// Signed for somebody else.
    #[error("the policy is for {0}, not for this device")]
    OtherDevice(DeviceId),
    /// An older policy than the one that is held.
    #[error("the policy has number {number}, but this device has already seen number {held}")]
    Older {
        /// Its number.
        number: u64,
        /// The highest number seen.
        held: u64,
    },
    /// The same number, signed earlier.
    #[error(
        "the policy was issued at {issued_at}, but this device has already seen one with the same number issued at {held}"
    )]
    IssuedEarlier {
        /// When it was issued.
        issued_at: Timestamp,
        /// When the held one was issued.
        held: Timestamp,
    },
    /// Past its expiry, or the computer's clock is ahead.
    #[error("the policy expired at {0}")]
    Expired(Timestamp),
}

/// Whether `new` takes the place of `held`. The held policy is the highest that was seen.
pub(crate) fn check(
    new: &Policy,
    held: Option<&Policy>,
    device: DeviceId,
    now: Timestamp,
) -> Result<(), PolicyRefusal> {
    if new.format != Policy::FORMAT {
        return Err(PolicyRefusal::Format(new.format));
    }
    if new.device != device {
        return Err(PolicyRefusal::OtherDevice(new.device));
    }
    if let Some(held) = held {
        if new.number < held.number {
            return Err(PolicyRefusal::Older { number: new.number, held: held.number });
        }
        if new.number == held.number && new.issued_at < held.issued_at {
            return Err(PolicyRefusal::IssuedEarlier { issued_at: new.issued_at, held: held.issued_at });
        }
    }
    if now >= new.expires_at { Err(PolicyRefusal::Expired(new.expires_at)) } else { Ok(()) }
}

/// Whether things may be started by `policy` now; otherwise why not, and when that may change by itself.
pub(crate) fn in_force(policy: &Policy, now: Timestamp) -> Result<(), (Reason, Option<Timestamp>)> {
    let earliest = policy.issued_at - CLOCK_TOLERANCE;
    match () {
        () if now < earliest => Err((Reason::ClockWrong, Some(earliest))),
        () if now >= policy.expires_at => Err((Reason::PolicyExpired, None)),
        () => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dray_model::policy::AgentSettings;

    const DAY: i64 = 86_400;

    fn device() -> DeviceId {
        DeviceId::from_random(1)
    }

    fn at(day: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + day * DAY)
    }

    fn policy(number: u64, day: i64) -> Policy {
        let settings = AgentSettings::default();
        let (issued_at, expires_at) = (at(day), at(day + 7));
        Policy {
            format: Policy::FORMAT,
            device: device(),
            number,
            era: None,
            returned: None,
            issued_at,
            expires_at,
            entries: vec![],
            settings,
        }
    }

    #[test]
    fn a_number_never_goes_down_and_of_equal_ones_the_later_issue_counts() {
        let held = policy(5, 2);
        for (new, taken) in [
            (policy(6, 1), true),
            (policy(5, 2), true),
            (policy(5, 3), true),
            (policy(4, 4), false),
            (policy(5, 1), false),
        ] {
            assert_eq!(check(&new, Some(&held), device(), at(3)).is_ok(), taken, "{} {}", new.number, new.issued_at);
        }
    }

    #[test]
    fn a_policy_of_another_device_or_format_or_past_its_expiry_is_refused() {
        let other = DeviceId::from_random(2);
        assert_eq!(check(&policy(1, 0), None, other, at(0)), Err(PolicyRefusal::OtherDevice(device())));
        assert_eq!(check(&policy(1, 0), None, device(), at(7)), Err(PolicyRefusal::Expired(at(7))));
        let later = Policy { format: 3, ..policy(1, 0) };
        assert_eq!(check(&later, None, device(), at(0)), Err(PolicyRefusal::Format(3)));
    }

    #[test]
    fn a_policy_is_in_force_from_a_day_before_its_issue_to_its_expiry() {
        let policy = policy(1, 10);
        assert!(check(&policy, None, device(), at(0)).is_ok(), "a slow clock is no reason to refuse");
        assert_eq!(in_force(&policy, at(8)), Err((Reason::ClockWrong, Some(at(9)))));
        assert_eq!(in_force(&policy, at(9)), Ok(()));
        assert_eq!(in_force(&policy, at(17)), Err((Reason::PolicyExpired, None)));
    }
}
