//! The machine's face: events in, effects out.

use dray_model::api::why::Why;
use dray_model::policy::AgentSettings;
use dray_model::{DeviceId, Name, Timestamp};

use crate::effect::Effect;
use crate::event::Event;
use crate::state::State;
use crate::view::{AdvertisementView, PolicyView};

/// Who this device is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its id.
    pub device: DeviceId,
    /// Its name.
    pub name: Name,
}

/// Why a state can't be resumed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResumeError {
    /// Written by a version that this one does not know.
    #[error("the agent's state has format {0}, which this version does not know")]
    Format(u32),
}

/// Why the person at the computer can't start a program now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestRefused {
    /// Nothing of this name is advertised to the device.
    #[error("no advertisement {0} reaches this device")]
    Unknown(Name),
    /// Something stands in the way that a request can't change.
    #[error("{advertisement} can't be started: {reason}")]
    NotNow {
        /// The advertisement.
        advertisement: Name,
        /// What stands in the way.
        reason: dray_model::state::Reason,
    },
}

/// The agent's decisions.
#[derive(Debug)]
pub struct Agent {
    identity: Identity,
    state: State,
}

impl Agent {
    /// Takes up a state where it was left. No effect comes out before [`Event::Started`].
    ///
    /// # Errors
    /// [`ResumeError`] for a state of a later version.
    pub fn resume(identity: Identity, state: State) -> Result<Self, ResumeError> {
        if state.format != State::FORMAT {
            return Err(ResumeError::Format(state.format));
        }
        Ok(Self { identity, state })
    }

    /// Takes an event in and says what is to be done. `bits` are 64 fresh random bits; they name a run if one starts.
    #[must_use = "effects that are not carried out are lost until the next start"]
    pub fn handle(&mut self, now: Timestamp, event: Event, bits: u64) -> Vec<Effect> {
        let _ = (now, event, bits);
        Vec::new()
    }

    /// What must survive a restart.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// When to send [`Event::Timer`]; absent when only news from outside can change anything.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        None
    }

    /// The settings of the policy in force; the defaults before the first one.
    #[must_use]
    pub fn settings(&self) -> AgentSettings {
        AgentSettings::default()
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> Option<PolicyView> {
        None
    }

    /// Every advertisement that reaches the device, by name.
    #[must_use]
    pub fn standings(&self, now: Timestamp) -> Vec<AdvertisementView> {
        let _ = now;
        Vec::new()
    }

    /// Whether the person at the computer may start a program now.
    ///
    /// # Errors
    /// [`RequestRefused`] with the reason to show.
    pub fn check_request(&self, now: Timestamp, advertisement: &Name) -> Result<(), RequestRefused> {
        let _ = now;
        Err(RequestRefused::Unknown(advertisement.clone()))
    }

    /// Why programs of this name are or are not installed: one answer for each package that has one; all packages when `package`
    /// is absent.
    #[must_use]
    pub fn why(&self, now: Timestamp, package: Option<&Name>, program: &Name) -> Vec<Why> {
        let _ = (now, package, program, &self.identity);
        Vec::new()
    }
}
