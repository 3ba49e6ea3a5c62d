//! The agent's memory, shared by the engine and the task that empties the outbox.

use std::sync::{Mutex, PoisonError};

use crate::state::{Store, StoreError};

/// The store behind a lock that is held for one transaction at a time.
#[derive(Debug)]
pub(crate) struct Memory(Mutex<Store>);

impl Memory {
    pub(crate) const fn new(store: Store) -> Self {
        Self(Mutex::new(store))
    }

    /// Works with the store. One whose disk failed is opened again, so that the next try finds it usable.
    ///
    /// # Errors
    /// Those of `work`.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Store) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut store = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let done = work(&mut store);
        if let Err(StoreError::Database { .. }) = done
            && let Err(error) = store.reopen()
        {
            tracing::error!(error = %dray_model::cause::in_full(&error), "cannot reopen the agent's state file");
        }
        done
    }
}
