//! What this process knows of the change feed, and whom it tells: policies, points that wait, admission.
//!
//! Changes of this process are applied when they commit; those of other processes when the feed is read, which [`Follower`] does as soon
//! as PostgreSQL announces a commit and at least each second, and a request does itself when nobody did for that long. So what is
//! answered from memory is never older than [`FOLLOW`], and while the database is away nothing is answered from memory for longer
//! than [`TRUST`].

mod follow;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dray_store::StoreError;
use dray_store::feed::{self, Row, Scope, Sequences};
use tokio::time::Instant;

pub use follow::Follower;

use crate::site::Site;

/// How often the feed is read for changes of other processes: the delay with which they are noticed.
pub const FOLLOW: Duration = Duration::from_secs(1);
/// How long answers come from memory when the feed can't be read.
const TRUST: Duration = Duration::from_secs(10);

/// Where this process is in the feed.
#[derive(Debug)]
pub struct Feed {
    /// Read up to this row. The reader holds the lock.
    read: tokio::sync::Mutex<Row>,
    clock: Mutex<Clock>,
    /// Sequences that were applied when they were committed here, until the reader comes by.
    applied: Mutex<BTreeSet<i64>>,
}

#[derive(Debug)]
struct Clock {
    read_at: Instant,
    tried_at: Instant,
}

impl Feed {
    /// For a process that begins with nothing in memory, on a database at this sequence.
    pub(crate) fn starting_at(sequences: Sequences) -> Self {
        let now = Instant::now();
        Self {
            // The highest text: all rows of the sequence are read.
            read: tokio::sync::Mutex::new(Row { sequence: sequences.newest, scope: "\u{10ffff}".to_owned() }),
            clock: Mutex::new(Clock { read_at: now, tried_at: now }),
            applied: Mutex::default(),
        }
    }

    /// Makes sure that what this process knows is at most [`FOLLOW`] old. Costs no statement where somebody has read the feed since.
    ///
    /// # Errors
    /// The database's, once nothing could be read for [`TRUST`].
    pub(crate) async fn keep_up(&self, site: &Site) -> Result<(), StoreError> {
        let read_at = {
            let mut clock = lock(&self.clock);
            if clock.tried_at.elapsed() < FOLLOW {
                return Ok(());
            }
            clock.tried_at = Instant::now();
            clock.read_at
        };
        match Box::pin(self.follow(site)).await {
            Err(error) if read_at.elapsed() > TRUST => {
                lock(&self.clock).tried_at = read_at;
                Err(error)
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot read the change feed");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Has the next request read the feed.
    #[cfg(test)]
    pub(crate) fn look_now(&self) {
        let mut clock = lock(&self.clock);
        clock.tried_at -= FOLLOW;
    }

    /// Reads what is new in the feed and applies it. O(rows).
    async fn follow(&self, site: &Site) -> Result<(), StoreError> {
        let mut read = self.read.lock().await;
        loop {
            let began = Instant::now();
            let mut snapshot = site.db().read().await?;
            let rows = feed::since(&mut snapshot, &read).await?;
            let newest = if rows.is_empty() { feed::sequences(&mut snapshot).await?.newest } else { i64::MAX };
            drop(snapshot);
            if newest < read.sequence {
                crate::history::went_back(site, read.sequence).await?;
                continue;
            }
            let is_all = i64::try_from(rows.len()).unwrap_or(i64::MAX) < feed::READ_MAX;
            self.take(site, &mut read, rows);
            if is_all {
                let mut clock = lock(&self.clock);
                clock.read_at = began;
                clock.tried_at = began;
                return Ok(());
            }
        }
    }

    fn take(&self, site: &Site, read: &mut Row, rows: Vec<Row>) {
        let Some(last) = rows.last().cloned() else { return };
        let mut sequence = read.sequence;
        for row in rows {
            if row.sequence > sequence + 1 {
                tracing::warn!(
                    after = sequence,
                    next = row.sequence,
                    "missed a part of the change feed; looking at everything"
                );
                apply(site, row.sequence, &Scope::Everyone);
            }
            sequence = row.sequence;
            if !lock(&self.applied).contains(&sequence) {
                apply(site, sequence, &Scope::parse(&row.scope));
            }
        }
        let mut applied = lock(&self.applied);
        *applied = applied.split_off(&last.sequence);
        drop(applied);
        *read = last;
    }

    /// Applies a change that this process just committed.
    pub(crate) fn committed(&self, site: &Site, sequence: i64, scopes: &[Scope]) {
        lock(&self.applied).insert(sequence);
        for scope in scopes {
            apply(site, sequence, scope);
        }
    }
}

fn apply(site: &Site, sequence: i64, scope: &Scope) {
    match scope {
        Scope::History => site.history().forget(),
        Scope::Everyone => {
            site.history().forget();
            site.admission().forget_all();
            site.points_waiting().wake_all();
            site.policies().everyone_moved(sequence);
        }
        Scope::Device(device) => site.policies().device_moved(*device, sequence),
        Scope::Offers(collection) => site.policies().offers_moved(*collection, sequence),
        Scope::Members(collection) => site.policies().members_moved(site, *collection, sequence),
        Scope::Point(name) => site.points_waiting().wake(name),
        Scope::DeviceShutOut(device) => {
            site.admission().forget_device(*device);
            site.policies().device_moved(*device, sequence);
        }
        Scope::PointShutOut(name) => {
            site.admission().forget_point(name);
            site.points_waiting().wake(name);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
