//! The agent's memory, shared by the engine and the task that empties the outbox.

use std::sync::{Mutex, PoisonError};

use dray_agent_core::State;
use dray_model::status::StatusMessage;

use crate::state::{Store, StoreError};

/// The store behind a lock that is held for one transaction at a time.
#[derive(Debug)]
pub(crate) struct Memory(Mutex<Store>);

impl Memory {
    pub(crate) const fn new(store: Store) -> Self {
        Self(Mutex::new(store))
    }

    /// Works with the store.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&Store) -> T) -> T {
        work(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn commit(&self, state: &State, messages: &[StatusMessage]) -> Result<(), StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).commit(state, messages)
    }

    /// Tries to make a store usable again whose write failed.
    pub(super) fn reopen(&self) {
        if let Err(error) = self.0.lock().unwrap_or_else(PoisonError::into_inner).reopen() {
            tracing::error!(error = %dray_client::error::in_full(&error), "the agent's memory can't be opened again");
        }
    }

    /// Messages that the site has not kept yet, where that can be said.
    pub(super) fn waiting_messages(&self) -> Option<u64> {
        self.with(Store::outbox_len).ok()
    }
}
