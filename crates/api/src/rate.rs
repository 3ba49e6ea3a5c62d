//! How often each caller may ask: a minute's worth of requests at once, and after that as many as the minute allows, evenly.
//!
//! Only callers who were found to be somebody are counted, so that nobody can use up another's requests, and a thousand computers
//! behind one address are a thousand callers. Wrong enrolment tokens are counted by the site.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dray_site::Actor;
use http::StatusCode;

use crate::problem::ApiError;

const WINDOW: Duration = Duration::from_secs(60);
/// Callers remembered before those are forgotten who haven't asked lately.
const FORGET_FROM: usize = 1024;

/// Counts the requests of callers of one kind.
#[derive(Debug)]
pub(crate) struct Rate {
    /// What each request uses up of the minute.
    each: Duration,
    callers: Mutex<Callers>,
}

#[derive(Debug)]
struct Callers {
    /// When all that a caller asked so far will have been worked off. Who isn't here has a whole minute's worth.
    until: HashMap<Box<str>, Instant>,
    forget_from: usize,
}

impl Rate {
    /// So many requests a minute for each caller.
    pub(crate) fn per_minute(requests: u32) -> Self {
        let callers = Callers { until: HashMap::new(), forget_from: FORGET_FROM };
        Self { each: WINDOW / requests, callers: Mutex::new(callers) }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// A problem with status 429 when the caller has asked too often; that request isn't counted.
    pub(crate) fn count(&self, caller: &Actor) -> Result<(), ApiError> {
        let caller = caller.to_string();
        if self.allows(&caller, Instant::now()) {
            return Ok(());
        }
        metrics::counter!("dray_requests_over_rate_total").increment(1);
        let detail = format!("{caller} made more requests in a minute than the site allows");
        Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail)
            .with_hint("wait a minute; the limits are in the site's site.toml"))
    }

    fn allows(&self, caller: &str, now: Instant) -> bool {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let until = callers.until.get(caller).copied().unwrap_or(now).max(now) + self.each;
        if until > now + WINDOW {
            return false;
        }
        if let Some(known) = callers.until.get_mut(caller) {
            *known = until;
            return true;
        }
        if callers.until.len() >= callers.forget_from {
            callers.until.retain(|_, until| *until > now);
            callers.forget_from = (callers.until.len() * 2).max(FORGET_FROM);
        }
        callers.until.insert(caller.into(), until);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_s_worth_goes_through_at_once_and_then_one_at_a_time() {
        let (rate, now) = (Rate::per_minute(60), Instant::now());
        let allowed = (0..100).filter(|_| rate.allows("token:ci", now)).count();
        assert_eq!(allowed, 60);
        assert!(rate.allows("token:other", now), "another caller");
        let later = now + Duration::from_secs(2);
        assert_eq!((0..100).filter(|_| rate.allows("token:ci", later)).count(), 2);
        let much_later = now + WINDOW * 3;
        assert_eq!((0..100).filter(|_| rate.allows("token:ci", much_later)).count(), 60);
    }

    #[test]
    fn whoever_has_not_asked_lately_is_forgotten() {
        let (rate, now) = (Rate::per_minute(60), Instant::now());
        let many = u64::try_from(FORGET_FROM).unwrap() * 3;
        for number in 0..many {
            assert!(rate.allows(&format!("device:{number}"), now + Duration::from_secs(number)));
        }
        let callers = rate.callers.lock().unwrap();
        assert!(callers.until.len() <= FORGET_FROM, "{}", callers.until.len());
    }
}
