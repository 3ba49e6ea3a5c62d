//! Where policies are computed: requests line up by the instant at which their answer is due, and one worker serves them in batches.
//!
//! A batch is one snapshot and three statements, whatever its size, and the next one begins when the answers of the last are signed.
//! So a change that concerns a hundred thousand devices is worked off in small portions, and everybody else gets a turn in between.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dray_model::DeviceId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;

use super::{Computed, PolicyError, compute};
use crate::site::Site;

/// Devices in a batch, and answers being signed at once.
const BATCH: usize = 128;

/// Computes policies in turn.
#[derive(Debug)]
pub(super) struct Desk {
    queue: Mutex<Queue>,
    /// One permit for each answer that is under way.
    answers: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: BinaryHeap<Request>,
    is_served: bool,
}

#[derive(Debug)]
struct Request {
    device: DeviceId,
    due: Instant,
    answer: oneshot::Sender<Answer>,
}

/// What a request gets. As long as it is kept, it counts as under way.
#[derive(Debug)]
pub(super) struct Answer {
    result: Result<Computed, PolicyError>,
    _under_way: Option<OwnedSemaphorePermit>,
}

/// A policy whose answer is under way until this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    /// The policy.
    pub(super) computed: Computed,
    _under_way: Option<OwnedSemaphorePermit>,
}

impl Default for Desk {
    fn default() -> Self {
        Self { queue: Mutex::default(), answers: Arc::new(Semaphore::new(BATCH)) }
    }
}

impl Desk {
    /// Computes the device's policy, in its turn. Those that are due first come first.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub(super) async fn ask(&self, site: &Site, device: DeviceId, due: Instant) -> Result<Turn, PolicyError> {
        let (answer, answered) = oneshot::channel();
        let begins = {
            let mut queue = self.queue();
            queue.waiting.push(Request { device, due, answer });
            !std::mem::replace(&mut queue.is_served, true)
        };
        if begins {
            let site = site.clone();
            tokio::spawn(async move { site.policies().desk.serve(&site).await });
        }
        match answered.await {
            Ok(Answer { result, _under_way }) => Ok(Turn { computed: result?, _under_way }),
            // Its batch failed, perhaps because of another device.
            Err(_) => Ok(Turn { computed: compute::one(site, device).await?, _under_way: None }),
        }
    }

    async fn serve(&self, site: &Site) {
        loop {
            // All answers of the last batch are signed.
            let room = Arc::clone(&self.answers).acquire_many_owned(full()).await;
            let mut room = room.expect("the semaphore is never closed");
            let Some(batch) = self.next_batch() else { return };
            let devices: Vec<_> = batch.iter().map(|request| request.device).collect();
            match compute::batch(site, &devices).await {
                Ok(mut computed) => {
                    for Request { device, answer, .. } in batch {
                        // A device may have asked twice.
                        let found = computed.get(&device).cloned();
                        let result = found.ok_or(PolicyError::NotEnrolled(device));
                        // Anyone who is gone needs no answer.
                        let _ = answer.send(Answer { result, _under_way: room.split(1) });
                    }
                    computed.clear();
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "cannot compute policies together; trying one by one"
                    );
                }
            }
        }
    }

    /// The requests that are due first; none when all are served, and then the worker ends.
    fn next_batch(&self) -> Option<Vec<Request>> {
        let mut queue = self.queue();
        let mut batch = Vec::new();
        while batch.len() < BATCH
            && let Some(request) = queue.waiting.pop()
        {
            if !request.answer.is_closed() {
                batch.push(request);
            }
        }
        queue.is_served = !batch.is_empty();
        queue.is_served.then_some(batch)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn full() -> u32 {
    u32::try_from(BATCH).expect("a batch is small")
}

impl PartialEq for Request {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Request {}

impl PartialOrd for Request {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What is due first is the greatest.
impl Ord for Request {
    fn cmp(&self, other: &Self) -> Ordering {
        other.due.cmp(&self.due)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_due_first_comes_first_and_whoever_left_is_passed_over() {
        let desk = Desk::default();
        let start = Instant::now();
        let mut answers = Vec::new();
        for (number, after_s) in [(1, 30), (2, 10), (3, 20), (4, 0)] {
            let (answer, answered) = oneshot::channel();
            let due = start + Duration::from_secs(after_s);
            desk.queue().waiting.push(Request { device: DeviceId::from_random(number), due, answer });
            answers.push((number, answered));
        }
        answers.retain(|(number, _)| *number != 3);
        let batch = desk.next_batch().unwrap();
        let order: Vec<_> = batch.iter().map(|request| request.device).collect();
        assert_eq!(order, [4, 2, 1].map(DeviceId::from_random));
        assert!(desk.next_batch().is_none());
    }
}
