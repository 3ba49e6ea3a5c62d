//! Devices that hold their policy request, and what the site answers to it, with the instant.
//!
//! Answers are verified after the measurement, by [`Holders::take`]: checking thousands of signatures meanwhile would take the
//! processor from the site.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::PARALLEL;
use crate::device::{Device, Polled, SimError};

/// How long the site is asked to hold a request, in seconds: as long as it does.
const WAIT_S: u32 = 600;

/// Devices that hold their request until this is dropped.
pub struct Holders {
    board: Arc<Board>,
    devices: Vec<Arc<Device>>,
    /// Ends the tasks, and with them the connections, when it is dropped.
    _tasks: JoinSet<()>,
}

/// A policy that a device got while it held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Woken {
    /// The device's place among those that hold.
    pub place: usize,
    /// When the answer was here.
    pub at: Instant,
    /// How many advertisements are in it.
    pub entries: usize,
}

/// Too few devices got a policy.
#[derive(Debug, thiserror::Error)]
pub enum NotReached {
    /// The time is over.
    #[error("only {reached} of {expected} devices received a policy within {} s", within.as_secs())]
    Late {
        /// How many did.
        reached: usize,
        /// How many should have.
        expected: usize,
        /// In what time.
        within: Duration,
    },
    /// A device doesn't hold any more.
    #[error("a device failed while it held its request")]
    Failed(#[source] SimError),
}

/// What the tasks write on.
struct Board {
    answers: Mutex<Vec<(usize, Instant, Bytes)>>,
    failure: Mutex<Option<SimError>>,
    news: watch::Sender<Counts>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    holding: usize,
    answers: usize,
    failed: bool,
}

impl Holders {
    /// Has the devices fetch their policies and hold their next request; returns when the last one sends it.
    ///
    /// # Errors
    /// The first device's that fails.
    pub async fn start(devices: &[Arc<Device>]) -> Result<Self, SimError> {
        let board = Arc::new(Board {
            answers: Mutex::default(),
            failure: Mutex::default(),
            news: watch::Sender::new(Counts::default()),
        });
        let turns = Arc::new(Semaphore::new(PARALLEL));
        let mut tasks = JoinSet::new();
        for (place, device) in devices.iter().enumerate() {
            let (device, board, turns) = (Arc::clone(device), Arc::clone(&board), Arc::clone(&turns));
            tasks.spawn(async move {
                if let Err(error) = hold(place, &device, &board, &turns).await {
                    *lock(&board.failure) = Some(error);
                    board.news.send_modify(|counts| counts.failed = true);
                }
            });
        }
        let mut news = board.news.subscribe();
        let all = |counts: &Counts| counts.failed || counts.holding == devices.len();
        news.wait_for(all).await.expect("the board is held here");
        match lock(&board.failure).take() {
            Some(error) => Err(error),
            None => Ok(Self { board: Arc::clone(&board), devices: devices.to_vec(), _tasks: tasks }),
        }
    }

    /// How many hold.
    #[must_use]
    pub fn len(&self) -> usize {
        self.devices.len()
    }

    /// Whether nobody holds.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// Waits until `count` policies came since the last [`take`](Self::take).
    ///
    /// # Errors
    /// [`NotReached`].
    pub async fn until(&self, count: usize, within: Duration) -> Result<(), NotReached> {
        let mut news = self.board.news.subscribe();
        let reached = news.wait_for(|counts| counts.failed || counts.answers >= count);
        let in_time = tokio::time::timeout(within, reached).await.is_ok();
        if let Some(error) = lock(&self.board.failure).take() {
            return Err(NotReached::Failed(error));
        }
        let reached = self.board.news.borrow().answers;
        if in_time { Ok(()) } else { Err(NotReached::Late { reached, expected: count, within }) }
    }

    /// The policies that came since this was last called, each verified, in the order in which they came.
    ///
    /// # Errors
    /// The first policy that its device must refuse.
    pub fn take(&self) -> Result<Vec<Woken>, SimError> {
        let answers = {
            let mut answers = lock(&self.board.answers);
            self.board.news.send_modify(|counts| counts.answers = 0);
            std::mem::take(&mut *answers)
        };
        let verified = answers.into_iter().map(|(place, at, policy)| {
            let entries = self.devices[place].verify(&policy)?.entries.len();
            Ok(Woken { place, at, entries })
        });
        verified.collect()
    }
}

/// Ends only by a failure.
async fn hold(place: usize, device: &Device, board: &Board, turns: &Semaphore) -> Result<(), SimError> {
    let turn = turns.acquire().await.expect("the semaphore is never closed");
    if let Polled::Changed(policy) = device.poll(0).await? {
        device.verify(&policy)?;
    }
    drop(turn);
    board.news.send_modify(|counts| counts.holding += 1);
    loop {
        if let Polled::Changed(policy) = device.poll(WAIT_S).await? {
            let mut answers = lock(&board.answers);
            answers.push((place, Instant::now(), policy));
            board.news.send_modify(|counts| counts.answers += 1);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
