//! Slows down anyone who tries out enrolment tokens.
//!
//! Secrets of 160 random bits can't be guessed; this keeps the attempts from costing the database anything. Only wrong tokens
//! count, so a thousand computers behind one address enrol as fast as they like.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dray_model::Timestamp;

/// Wrong tokens that an address may show in each [`WINDOW`].
const WRONG_MAX: u32 = 20;
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses remembered, about half a megabyte; with more of them the oldest window is given up.
const ADDRESSES_MAX: usize = 10_000;

/// Wrong tokens by address, for the last minute.
#[derive(Debug, Default)]
pub(crate) struct Guesses {
    windows: Mutex<HashMap<IpAddr, Window>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Timestamp,
    wrong: u32,
}

impl Guesses {
    /// Whether the address may show another token.
    pub(super) fn may_try(&self, from: IpAddr, now: Timestamp) -> bool {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.get(&network(from)).is_none_or(|window| window.is_over(now) || window.wrong < WRONG_MAX)
    }

    /// Notes that the address showed a wrong token.
    pub(super) fn wrong(&self, from: IpAddr, now: Timestamp) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let network = network(from);
        if !windows.contains_key(&network) && windows.len() >= ADDRESSES_MAX {
            make_room(&mut windows, now);
        }
        let window = windows.entry(network).or_insert(Window { began: now, wrong: 0 });
        if window.is_over(now) {
            *window = Window { began: now, wrong: 0 };
        }
        window.wrong += 1;
    }
}

impl Window {
    fn is_over(&self, now: Timestamp) -> bool {
        now.since(self.began) >= WINDOW
    }
}

fn make_room(windows: &mut HashMap<IpAddr, Window>, now: Timestamp) {
    windows.retain(|_, window| !window.is_over(now));
    if windows.len() >= ADDRESSES_MAX
        && let Some(oldest) = windows.iter().min_by_key(|(_, window)| window.began).map(|(network, _)| *network)
    {
        windows.remove(&oldest);
    }
}

/// What one party holds: an IPv4 address, or an IPv6 network of 64 bits.
fn network(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX)).into(),
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::MIN;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_held_up_until_its_minute_is_over() {
        let guesses = Guesses::default();
        for _ in 0..WRONG_MAX {
            assert!(guesses.may_try(address("2001:db8::1"), NOW));
            guesses.wrong(address("2001:db8::1"), NOW);
        }
        assert!(!guesses.may_try(address("2001:db8::2"), NOW), "the same network");
        assert!(guesses.may_try(address("2001:db8:0:1::1"), NOW));
        assert!(guesses.may_try(address("2001:db8::1"), NOW + WINDOW));
    }

    #[test]
    fn the_memory_is_bounded() {
        let guesses = Guesses::default();
        for number in 0..u32::try_from(ADDRESSES_MAX).unwrap() + 100 {
            guesses.wrong(IpAddr::V4(number.into()), NOW + Duration::from_micros(number.into()));
        }
        assert_eq!(guesses.windows.lock().unwrap().len(), ADDRESSES_MAX);
    }
}
