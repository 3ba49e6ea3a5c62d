//! A timer for an instant of the wall clock: it fires on time after the computer slept, and at once when somebody sets
//! the clock, so that nothing has to look at the clock regularly.

use std::future::pending;
use std::io;
use std::os::fd::OwnedFd;

use dray_model::Timestamp;
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;

/// One timer; needs the runtime's I/O driver.
pub(crate) struct WallTimer(AsyncFd<OwnedFd>);

impl WallTimer {
    /// A timer that is not set.
    ///
    /// # Errors
    /// The system gives no more timers or descriptors.
    #[expect(deprecated, reason = "sound here: an owned descriptor stays open as long as its registration")]
    pub(crate) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        Ok(Self(AsyncFd::new(timerfd_create(TimerfdClockId::Realtime, flags)?)?))
    }

    /// Returns when `instant` has come or the clock was set; never when there is no instant.
    ///
    /// # Errors
    /// The timer can't be set.
    pub(crate) async fn wait(&self, instant: Option<Timestamp>) -> io::Result<()> {
        let Some(instant) = instant else { return pending().await };
        // Zero would mean "no timer"; what lies before 1970 has come all the same.
        let micros = instant.micros().max(1);
        let it_value = Timespec { tv_sec: micros / 1_000_000, tv_nsec: (micros % 1_000_000) * 1000 };
        let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        match timerfd_settime(self.0.get_ref(), flags, &Itimerspec { it_interval, it_value }) {
            Ok(_) => {}
            // The clock was set since the last time.
            Err(Errno::CANCELED) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        // Either it expired or the clock was set; both are a reason to look, and setting the timer again clears both.
        self.0.readable().await?.clear_ready();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn it_fires_for_the_past_and_the_near_future_again_and_again() {
        let timer = WallTimer::new().unwrap();
        timer.wait(Some(Timestamp::from_secs(-5))).await.unwrap();
        timer.wait(Some(Timestamp::from_secs(5))).await.unwrap();
        timer.wait(Some(crate::clock::now() + Duration::from_millis(20))).await.unwrap();
    }

    #[tokio::test]
    async fn a_later_instant_replaces_an_earlier_one() {
        let timer = WallTimer::new().unwrap();
        let far = crate::clock::now() + Duration::from_secs(3600);
        timer.wait(Some(Timestamp::from_secs(1))).await.unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(30), timer.wait(Some(far))).await.is_err());
        assert!(tokio::time::timeout(Duration::from_millis(30), timer.wait(None)).await.is_err());
    }
}
