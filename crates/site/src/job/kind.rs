//! What a kind of job is, what it can tell while it runs, and the table of all kinds.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use dray_model::api::job::JobProgress;
use dray_model::cause::in_full;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::site::Site;

/// A kind of side work. Running it twice must have the effect of running it once.
pub trait JobKind: Send + Sync + 'static {
    /// Its name in the database; never changes.
    const KIND: &'static str;
    /// Attempts before it is given up. 12 attempts spread over about 4 hours.
    const MAX_ATTEMPTS: u32 = 12;
    /// What it needs to know. Jobs outlive the program that wrote them: add fields, with defaults.
    type Payload: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Does the work. Dropped in the middle when the lease is lost or the server stops.
    fn run(
        &self,
        site: &Site,
        payload: Self::Payload,
        progress: &Progress,
    ) -> impl Future<Output = Result<(), JobFailure>> + Send;
}

/// How an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobFailure {
    /// May work later: it is tried again, with growing pauses.
    #[error("{0}")]
    Passing(String),
    /// Trying again is of no use.
    #[error("{0}")]
    Final(String),
}

impl JobFailure {
    /// A failure that may pass, in the words of an error and its causes.
    pub fn passing(error: &dyn std::error::Error) -> Self {
        Self::Passing(in_full(error))
    }

    /// A failure that won't pass, in the words of an error and its causes.
    pub fn permanent(error: &dyn std::error::Error) -> Self {
        Self::Final(in_full(error))
    }
}

/// What can happen to any operation may pass.
impl From<crate::SiteError> for JobFailure {
    fn from(error: crate::SiteError) -> Self {
        Self::passing(&error)
    }
}

impl From<dray_store::StoreError> for JobFailure {
    fn from(error: dray_store::StoreError) -> Self {
        Self::passing(&error)
    }
}

/// Where a job tells how far it is. It is written down when the lease is renewed, so telling often costs nothing.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    latest: Arc<Mutex<Option<JobProgress>>>,
}

impl Progress {
    /// Tells where the work is.
    pub fn tell(&self, step: &str, done: u64, total: Option<u64>) {
        let progress = JobProgress { step: step.to_owned(), done, total };
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress);
    }

    pub(crate) fn latest(&self) -> Option<JobProgress> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

type Attempt<'a> = Pin<Box<dyn Future<Output = Result<(), JobFailure>> + Send + 'a>>;

/// A kind with its payload's type erased.
pub(super) trait Work: Send + Sync {
    fn run<'a>(&'a self, site: &'a Site, payload: &'a str, progress: &'a Progress) -> Attempt<'a>;
    fn max_attempts(&self) -> u32;
}

impl<K: JobKind> Work for K {
    fn run<'a>(&'a self, site: &'a Site, payload: &'a str, progress: &'a Progress) -> Attempt<'a> {
        Box::pin(async move {
            let payload = serde_json::from_str(payload).map_err(|error| JobFailure::permanent(&error))?;
            JobKind::run(self, site, payload, progress).await
        })
    }

    fn max_attempts(&self) -> u32 {
        K::MAX_ATTEMPTS
    }
}

/// The kinds that a worker can do, by name.
#[derive(Clone, Default)]
pub struct Registry {
    kinds: BTreeMap<&'static str, Arc<dyn Work>>,
}

impl Registry {
    /// Adds a kind.
    #[must_use]
    pub fn with<K: JobKind>(mut self, kind: K) -> Self {
        let former = self.kinds.insert(K::KIND, Arc::new(kind));
        debug_assert!(former.is_none(), "two kinds of job are called {}", K::KIND);
        self
    }

    pub(super) fn names(&self) -> Vec<&'static str> {
        self.kinds.keys().copied().collect()
    }

    pub(super) fn get(&self, kind: &str) -> Option<Arc<dyn Work>> {
        self.kinds.get(kind).cloned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::job::{Nothing, registry};
    use crate::package::{Publish, PublishPackage};

    fn check<T: Serialize + DeserializeOwned + PartialEq>(name: &str, payload: Value) {
        let payload: T = serde_json::from_value(payload).unwrap();
        dray_golden::check(env!("CARGO_MANIFEST_DIR"), env!("CARGO_PKG_VERSION"), name, &payload, &[]);
    }

    #[test]
    fn a_job_is_done_whatever_version_asked_for_it() {
        check::<PublishPackage>("job_publish", json!({ "package": "editor", "checksum": true, "times": true }));
        check::<Nothing>("job_without_payload", json!({}));
        assert!(registry().get(Publish::KIND).is_some());
    }
}
