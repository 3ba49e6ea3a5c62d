//! One simulated client: its identity and what it remembers between two requests.
//!
//! It asks through `dray-client`, as the agent does: one connection while one request is in flight, another one beside a held
//! request. A policy is taken only when it is signed by the site, for this device, and not older than the one before.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use dray_client::client_api::{EnrolError, Introduction, enrol};
use dray_client::{BaseUrl, ClientApi, ClientError, Held, HttpClient, HttpLimits};
use dray_model::api::client::{Enrolled, EnrolledIdentity, MemberKind, RefusedMessage};
use dray_model::policy::Policy;
use dray_model::status::StatusMessage;
use dray_model::{DeviceId, requirement};
use dray_trust::{EnvelopeError, Role, TrustedKeys, open_document};
use serde_json::value::to_raw_value;

use crate::facts::{Variation, facts, host_name};

/// What a connection reads ahead. Thousands of them are open, and answers are short.
const READ_AHEAD_BYTES: usize = 4 << 10;
/// How long a request may take: a benchmark wants to see the slow ones too.
const HEAD_TIMEOUT: Duration = Duration::from_secs(180);

/// What can happen to a simulated device.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// It was not enrolled.
    #[error("cannot enrol device {number}")]
    Enrol {
        /// Its number.
        number: u32,
        /// Why not.
        #[source]
        source: EnrolError,
    },
    /// The site's answer to an enrolment makes no sense.
    #[error("cannot use the site's answer to an enrolment: {0}")]
    Enrolled(String),
    /// A request failed.
    #[error("a request from device {number} failed")]
    Request {
        /// Its number.
        number: u32,
        /// Why.
        #[source]
        source: ClientError,
    },
    /// The site won't keep a status message.
    #[error("a status message of device {number} was refused: {refused:?}")]
    Refused {
        /// The device's number.
        number: u32,
        /// The message's place in the batch, and why.
        refused: RefusedMessage,
    },
    /// A policy is not signed as it must be.
    #[error("cannot verify the policy of device {number}")]
    Policy {
        /// Its number.
        number: u32,
        /// Why.
        #[source]
        source: EnvelopeError,
    },
    /// A policy is somebody else's, or older than the one before.
    #[error("device {number} received a policy that it must refuse: {what}")]
    WrongPolicy {
        /// Its number.
        number: u32,
        /// What is wrong with it.
        what: String,
    },
}

/// A simulated client.
pub struct Device {
    number: u32,
    seed: u64,
    id: DeviceId,
    site: BaseUrl,
    identity: Identity,
    trusted_keys: TrustedKeys,
    memory: Mutex<Memory>,
}

struct Identity {
    authority: Arc<str>,
    certificate: String,
    key: String,
}

/// What changes.
struct Memory {
    /// Keeps the connections.
    api: ClientApi,
    etag: Option<String>,
    policy_number: u64,
    messages: u64,
}

/// What came of asking for the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Polled {
    /// The policy is the one that the device has.
    Unchanged,
    /// Another one, not verified yet: see [`Device::verify`].
    Changed(Bytes),
}

impl Device {
    /// Enrols device `number` at `site` with a token, over a connection of its own, with a new key.
    ///
    /// # Errors
    /// [`SimError::Enrol`], [`SimError::Enrolled`].
    pub async fn enrol(site: &BaseUrl, token: &str, seed: u64, number: u32) -> Result<Self, SimError> {
        let asks = (MemberKind::Device, host_name(number));
        let enrolment = enrol(site, token, (asks.0, &asks.1), limits())
            .await
            .map_err(|source| SimError::Enrol { number, source })?;
        let Enrolled { identity, certificate, authority, trusted_keys, .. } = enrolment.enrolled;
        let EnrolledIdentity::Device { id, .. } = identity else {
            return Err(SimError::Enrolled("it is for a distribution point".to_owned()));
        };
        let trusted_keys =
            serde_json::from_value(trusted_keys).map_err(|error| SimError::Enrolled(error.to_string()))?;
        let identity = Identity { authority: authority.into(), certificate, key: enrolment.key_pem };
        let api = identity.connect(site).map_err(|source| SimError::Request { number, source })?;
        let memory = Mutex::new(Memory { api, etag: None, policy_number: 0, messages: 0 });
        Ok(Self { number, seed, id, site: site.clone(), identity, trusted_keys, memory })
    }

    /// Its number in the fleet.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Its id at the site.
    #[must_use]
    pub const fn id(&self) -> DeviceId {
        self.id
    }

    /// Closes its connections; the next request opens a new one with a whole handshake.
    ///
    /// # Errors
    /// [`SimError::Request`] when TLS can't be set up once more.
    pub fn hang_up(&self) -> Result<(), SimError> {
        self.memory().api = self.identity.connect(&self.site).map_err(|source| self.failed(source))?;
        Ok(())
    }

    /// Sends its facts.
    ///
    /// # Errors
    /// [`SimError::Request`].
    pub async fn send_facts(&self, variation: Variation) -> Result<(), SimError> {
        let facts = facts(self.seed, self.number, variation);
        self.api().put_facts(&facts, &requirement::features()).await.map_err(|source| self.failed(source))
    }

    /// Asks for a policy other than the one it has, for at most `wait_s` seconds.
    ///
    /// # Errors
    /// [`SimError::Request`].
    pub async fn poll(&self, wait_s: u32) -> Result<Polled, SimError> {
        let (api, etag) = {
            let memory = self.memory();
            (memory.api.clone(), memory.etag.clone())
        };
        match api
            .policy(etag.as_deref(), wait_s, &Introduction::default())
            .await
            .map_err(|source| self.failed(source))?
        {
            Held::NotModified => Ok(Polled::Unchanged),
            Held::Changed { etag, value } => {
                self.memory().etag = Some(etag);
                Ok(Polled::Changed(value))
            }
        }
    }

    /// Verifies a policy as an agent does, and gives what it says.
    ///
    /// # Errors
    /// [`SimError::Policy`], [`SimError::WrongPolicy`].
    pub fn verify(&self, policy: &[u8]) -> Result<Policy, SimError> {
        let number = self.number;
        let policy: Policy = open_document(policy, None, &self.trusted_keys, Role::Policy)
            .map_err(|source| SimError::Policy { number, source })?;
        if policy.device != self.id {
            return Err(SimError::WrongPolicy { number, what: format!("it is for {}", policy.device) });
        }
        let mut memory = self.memory();
        if policy.number < memory.policy_number {
            let what = format!("its number is {} after {}", policy.number, memory.policy_number);
            return Err(SimError::WrongPolicy { number, what });
        }
        memory.policy_number = policy.number;
        Ok(policy)
    }

    /// Sends the next `count` messages that `message` makes of their numbers, and gives how many of them the site didn't have.
    ///
    /// # Errors
    /// [`SimError::Request`]; [`SimError::Refused`] when the site won't keep one of them.
    pub async fn send_status(&self, count: u64, message: impl Fn(u64) -> StatusMessage) -> Result<u64, SimError> {
        let (api, first) = {
            let mut memory = self.memory();
            let first = memory.messages + 1;
            memory.messages += count;
            (memory.api.clone(), first)
        };
        let raw = |message| to_raw_value(&message).expect("a status message has a JSON form");
        let messages = (first..first + count).map(|number| raw(message(number))).collect();
        let answer = api.send_status(messages).await.map_err(|source| self.failed(source))?;
        match answer.refused.into_iter().next() {
            Some(refused) => Err(SimError::Refused { number: self.number, refused }),
            None => Ok(answer.new),
        }
    }

    /// Number of the last message that it made; 0 before the first.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.memory().messages
    }

    fn api(&self) -> ClientApi {
        self.memory().api.clone()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, source: ClientError) -> SimError {
        SimError::Request { number: self.number, source }
    }
}

impl Identity {
    fn connect(&self, site: &BaseUrl) -> Result<ClientApi, ClientError> {
        let http = HttpClient::trusting(&self.authority, Some((&self.certificate, &self.key)), limits())?;
        Ok(ClientApi::new(site.clone(), http))
    }
}

/// The client's limits, but for memory and patience.
#[must_use]
pub fn limits() -> HttpLimits {
    HttpLimits { read_ahead_bytes: READ_AHEAD_BYTES, head_timeout: HEAD_TIMEOUT, ..HttpLimits::default() }
}
