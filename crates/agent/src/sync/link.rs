//! The link to the site that all tasks share: the current certificate's client, and how the site was last seen.

use std::sync::{Mutex, PoisonError, RwLock};

use dray_client::{ClientApi, ClientError, ErrorClass};
use dray_model::Timestamp;
use dray_trust::TrustedKeys;
use serde::{Deserialize, Serialize};

use crate::clock;

/// The link to the site.
#[derive(Debug)]
pub(crate) struct Link {
    site: RwLock<ClientApi>,
    trusted_keys: TrustedKeys,
    health: Mutex<Health>,
}

/// How the site was last seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "link")]
pub(crate) enum Health {
    /// Nothing was asked yet.
    #[default]
    Unknown,
    /// It answers.
    Reachable {
        /// Since when, without a failure since.
        since: Timestamp,
    },
    /// It does not.
    Unreachable {
        /// Since when.
        since: Timestamp,
        /// What happened last.
        error: String,
    },
    /// It does not let this device in.
    Denied {
        /// Since when.
        since: Timestamp,
        /// What it said.
        error: String,
    },
}

impl Link {
    pub(crate) fn new(site: ClientApi, trusted_keys: TrustedKeys) -> Self {
        Self { site: RwLock::new(site), trusted_keys, health: Mutex::default() }
    }

    /// The site, with the newest certificate.
    pub(crate) fn site(&self) -> ClientApi {
        self.site.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on the site is asked with another certificate.
    pub(crate) fn set_site(&self, site: ClientApi) {
        *self.site.write().unwrap_or_else(PoisonError::into_inner) = site;
    }

    pub(crate) const fn trusted_keys(&self) -> &TrustedKeys {
        &self.trusted_keys
    }

    pub(crate) fn health(&self) -> Health {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The site answered.
    pub(crate) fn heard(&self) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*health, Health::Reachable { .. }) {
            tracing::info!(site = %self.site().site(), "the site is reachable");
            *health = Health::Reachable { since: clock::now() };
        }
    }

    /// The site did not answer, or refused. Logged when that is news.
    pub(crate) fn failed(&self, error: &ClientError) {
        let text = error.in_full();
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let now = match (&*health, error.class()) {
            (Health::Denied { since, .. }, ErrorClass::Denied) => Health::Denied { since: *since, error: text },
            (_, ErrorClass::Denied) => {
                tracing::error!(error = %text, "the site denied access to this device");
                Health::Denied { since: clock::now(), error: text }
            }
            (Health::Unreachable { since, .. }, _) => Health::Unreachable { since: *since, error: text },
            _ => {
                tracing::warn!(error = %text, "cannot reach the site");
                Health::Unreachable { since: clock::now(), error: text }
            }
        };
        *health = now;
    }
}
