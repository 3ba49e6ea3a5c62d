//! What is answered to local commands, from the state machine's own views.

use dray_agent_core::{AdvertisementView, Agent, Event, PolicyView};
use dray_model::{DeviceId, Name, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::protocol::{Answer, Request};
use crate::folder::Folder;
use crate::identity::{Identity, IdentityError};
use crate::state::Refusals;
use crate::sync::Health;

/// What of the identity is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Profile {
    device: DeviceId,
    name: Name,
    site: Name,
    site_url: String,
    agent_version: &'static str,
    certificate_expires: Timestamp,
}

/// What only a running agent knows, or knows better.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Live {
    /// Messages that the site has not kept yet.
    pub(crate) waiting_messages: Option<u64>,
    /// Messages that the site refused.
    pub(crate) refused_messages: Option<Refusals>,
    /// How the site was last seen; absent when the agent does not run.
    #[serde(flatten)]
    pub(crate) health: Option<Health>,
}

/// The answer to `status`.
#[derive(Debug, Serialize)]
struct Status<'a> {
    #[serde(flatten)]
    profile: &'a Profile,
    #[serde(flatten)]
    live: &'a Live,
    policy: Option<PolicyView>,
    programs: usize,
}

impl Profile {
    /// # Errors
    /// [`IdentityError::Damaged`] when the certificate can't be read.
    pub(crate) fn new(identity: &Identity, folder: &Folder) -> Result<Self, IdentityError> {
        Ok(Self {
            device: identity.device,
            name: identity.name.clone(),
            site: identity.site.clone(),
            site_url: identity.site_url.to_string(),
            agent_version: env!("CARGO_PKG_VERSION"),
            certificate_expires: identity.validity(folder)?.not_after,
        })
    }
}

/// The answer to a request, and the event that comes of it.
pub(crate) fn answer(
    agent: &Agent,
    profile: &Profile,
    live: &Live,
    now: Timestamp,
    request: &Request,
) -> (Answer, Option<Event>) {
    match request {
        Request::Status => {
            let programs = agent.standings(now).len();
            (done(&Status { profile, live, policy: agent.policy(), programs }), None)
        }
        Request::Programs => (done(&agent.standings(now)), None),
        Request::Why { name } => (why(agent, now, name), None),
        Request::Start { name } => start(agent, now, name),
    }
}

fn why(agent: &Agent, now: Timestamp, name: &str) -> Answer {
    let (package, program) = match name.split_once('/') {
        Some((package, program)) => (Some(package.parse::<Name>()), program.parse::<Name>()),
        None => (None, name.parse::<Name>()),
    };
    match (package.transpose(), program) {
        (Ok(package), Ok(program)) => done(&agent.why(now, package.as_ref(), &program)),
        (Err(error), _) | (_, Err(error)) => Answer::Refused(error.to_string()),
    }
}

fn start(agent: &Agent, now: Timestamp, name: &str) -> (Answer, Option<Event>) {
    let offered = agent.standings(now);
    let advertisement = match find(&offered, name) {
        Ok(advertisement) => advertisement.clone(),
        Err(sentence) => return (Answer::Refused(sentence), None),
    };
    match agent.check_request(now, &advertisement) {
        Ok(()) => {
            let value = serde_json::json!({ "advertisement": advertisement });
            (Answer::Done(value), Some(Event::UserRequested { advertisement }))
        }
        Err(refused) => (Answer::Refused(refused.to_string()), None),
    }
}

/// The advertisement that is meant: by its own name, or by that of its program when only one offers it.
fn find<'a>(offered: &'a [AdvertisementView], name: &str) -> Result<&'a Name, String> {
    if let Some(view) = offered.iter().find(|view| view.name.as_str() == name) {
        return Ok(&view.name);
    }
    let is_meant = |view: &&AdvertisementView| match name.split_once('/') {
        Some((package, program)) => view.package.as_str() == package && view.program.as_str() == program,
        None => view.program.as_str() == name,
    };
    let meant: Vec<_> = offered.iter().filter(is_meant).map(|view| &view.name).collect();
    match meant[..] {
        [one] => Ok(one),
        [] => Err(format!("this device has no advertisement or program called {name}")),
        _ => {
            let names: Vec<_> = meant.iter().map(|name| name.as_str()).collect();
            Err(format!("{name} is offered by several advertisements; choose one of {}", names.join(", ")))
        }
    }
}

fn done(value: &impl Serialize) -> Answer {
    match serde_json::to_value(value) {
        Ok(value) => Answer::Done(value),
        Err(error) => Answer::Done(Value::String(error.to_string())),
    }
}
