//! The workers of one server process: claim what is due, run it, keep its lease, report the outcome.
//!
//! Workers sleep until they are woken by a change in this process, a job is due, or the poll interval is over (for jobs of
//! other processes). Stopping lets go of running jobs at once, for another worker to take; what a process leaves that was killed is
//! taken back by its successor in the same folder, or by any worker once the lease has run out.

mod owner;

use std::sync::Arc;
use std::time::Duration;

use dray_model::Backoff;
use dray_store::StoreError;
use dray_store::job::{self, Claim, ClaimedJob, Outcome};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use self::owner::Owner;
use super::Housekeeping;
use super::kind::{JobFailure, Progress, Registry};
use crate::random;
use crate::site::Site;

/// Jobs that run side by side in one process.
const PARALLEL: usize = 4;
/// For how long a job is a worker's own without renewal.
const LEASE: Duration = Duration::from_secs(60);
/// How often a lease is renewed and progress written down.
const RENEW: Duration = Duration::from_secs(5);
/// Longest sleep: the delay with which jobs of other processes are noticed.
const POLL: Duration = Duration::from_secs(5);
/// Pauses between attempts.
const PAUSES: Backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(60 * 60));

/// Running workers.
pub struct Runner {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Runner {
    /// Starts the workers.
    #[must_use]
    pub fn start(site: Site, registry: Registry) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (owner, former) = Owner::succeed(site.dir());
        let worker = Worker { site, registry, owner: Arc::new(owner) };
        let task = tokio::spawn(async move {
            if let Some(former) = former {
                worker.take_back(&former).await;
            }
            worker.run(stopped).await;
        });
        Self { stop, task }
    }

    /// Stops the workers and waits until they have.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the job workers failed");
        }
    }
}

#[derive(Clone)]
struct Worker {
    site: Site,
    registry: Registry,
    owner: Arc<Owner>,
}

impl Worker {
    async fn run(self, mut stopped: watch::Receiver<bool>) {
        if let Err(error) = Housekeeping::ensure(&self.site).await {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot schedule housekeeping");
        }
        let places = Arc::new(Semaphore::new(PARALLEL));
        let mut running = JoinSet::new();
        loop {
            let sleep = self.claim_and_start(&places, &mut running).await.unwrap_or_else(|error| {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot claim jobs");
                POLL
            });
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => break,
                () = self.site.woken() => {}
                Some(_) = running.join_next() => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
        running.shutdown().await;
        self.take_back(self.owner.name()).await;
    }

    /// Makes the jobs of a process due that works no more.
    async fn take_back(&self, owner: &str) {
        let release = async {
            let mut tx = self.site.db().write_beside_others().await?;
            let jobs = job::release(&mut tx, owner, self.site.now()).await?;
            tx.commit().await.map(|()| jobs)
        };
        match release.await {
            Ok(0) => {}
            Ok(jobs) => tracing::info!(jobs, owner, "resumed jobs that had been interrupted"),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    owner,
                    "cannot take over the jobs of a worker that is gone"
                );
            }
        }
    }

    /// Starts what is due and tells how long to sleep.
    async fn claim_and_start(
        &self,
        places: &Arc<Semaphore>,
        running: &mut JoinSet<()>,
    ) -> Result<Duration, StoreError> {
        let free = u32::try_from(places.available_permits()).unwrap_or(0);
        if free == 0 {
            return Ok(POLL);
        }
        for job in self.claim(free).await? {
            let place = Arc::clone(places).try_acquire_owned().expect("no more is claimed than there are places");
            let worker = self.clone();
            running.spawn(async move {
                worker.work(job).await;
                drop(place);
            });
        }
        let due = job::next_due(&mut self.site.db().read().await?).await?;
        Ok(due.map_or(POLL, |due| due.since(self.site.now()).clamp(Duration::from_millis(10), POLL)))
    }

    async fn claim(&self, limit: u32) -> Result<Vec<ClaimedJob>, StoreError> {
        let kinds = self.registry.names();
        let mut tx = self.site.db().write_beside_others().await?;
        let claim = Claim { owner: self.owner.name(), kinds: &kinds, limit, lease: LEASE, now: self.site.now() };
        let jobs = job::claim(&mut tx, &claim).await?;
        tx.commit().await?;
        Ok(jobs)
    }

    async fn work(&self, job: ClaimedJob) {
        let Some(work) = self.registry.get(&job.kind) else { return };
        let progress = Progress::default();
        let result = tokio::select! {
            result = work.run(&self.site, &job.payload, &progress) => result,
            () = self.keep_lease(&job, &progress) => {
                tracing::warn!(job = %job.id, kind = job.kind, "lost the lease of a job; stopping work on it");
                return;
            }
        };
        if let Err(error) = self.report(&job, work.max_attempts(), &progress, result).await {
            tracing::warn!(error = &error as &dyn std::error::Error, job = %job.id, "cannot save the outcome of a job; it will run again");
        }
    }

    /// Returns when the lease is lost.
    async fn keep_lease(&self, job: &ClaimedJob, progress: &Progress) {
        loop {
            tokio::time::sleep(RENEW).await;
            match self.renew(job, progress).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, job = %job.id, "cannot renew a lease");
                }
            }
        }
    }

    async fn renew(&self, job: &ClaimedJob, progress: &Progress) -> Result<bool, StoreError> {
        let mut tx = self.site.db().write_beside_others().await?;
        let until = self.site.now() + LEASE;
        let ours = job::renew(&mut tx, job.id, self.owner.name(), until, progress.latest().as_ref()).await?;
        tx.commit().await?;
        Ok(ours)
    }

    async fn report(
        &self,
        job: &ClaimedJob,
        max_attempts: u32,
        progress: &Progress,
        result: Result<(), JobFailure>,
    ) -> Result<(), StoreError> {
        let now = self.site.now();
        let outcome = match &result {
            Ok(()) => Outcome::Done,
            Err(JobFailure::Passing(error)) if job.attempts < max_attempts => {
                Outcome::Retry { at: now + PAUSES.pause(job.attempts, random::bits()), error }
            }
            Err(JobFailure::Passing(error) | JobFailure::Final(error)) => Outcome::Failed { error },
        };
        if let Err(error) = &result {
            tracing::warn!(job = %job.id, kind = job.kind, key = job.key, attempts = job.attempts, %error, "a job failed");
        }
        let mut tx = self.site.db().write_beside_others().await?;
        // What it told last stays with it: the end of a job is worth reading.
        job::renew(&mut tx, job.id, self.owner.name(), now + LEASE, progress.latest().as_ref()).await?;
        job::finish(&mut tx, job.id, self.owner.name(), outcome, now).await?;
        tx.commit().await
    }
}

#[cfg(test)]
mod tests;
