//! What a command of the API has at hand: the site, as the profile names it, and the output.

use std::path::Path;

use dray_client::site_api::JobWaitError;
use dray_client::{ClientError, ErrorClass, HttpClient, HttpLimits, SiteApi};
use dray_trust::{Secret, Token, TokenKind};

use crate::error::{Exit, Failure, Outcome};
use crate::output::Output;
use crate::profile::Profile;

/// The site and the output.
pub(crate) struct Context {
    /// The site's API.
    pub(crate) api: SiteApi,
    /// Where results go.
    pub(crate) output: Output,
}

impl Context {
    /// Reads the profile. Nothing is sent yet.
    pub(crate) fn open(profile: Option<&Path>, output: Output) -> Outcome<Self> {
        let profile = Profile::read(&Profile::path(profile)?)?;
        Ok(Self { api: connect(&profile)?, output })
    }
}

/// The API of the site that a profile names.
pub(crate) fn connect(profile: &Profile) -> Outcome<SiteApi> {
    let token = Token::parse(TokenKind::Admin, &profile.token).map_err(|error| {
        Failure::usage("cannot use the token")
            .because(&error)
            .hint("log in with another token: dray login --url URL --token TOKEN")
    })?;
    let http = match &profile.ca {
        Some(ca) => HttpClient::trusting(ca, None, HttpLimits::default()),
        None => HttpClient::pinned(token.authority, HttpLimits::default()),
    };
    // Keys of idempotency must never come twice: a fresh secret is as good a source as any.
    Ok(SiteApi::new(profile.url.clone(), &token.reveal(), http?, || Secret::generate().reveal())?)
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        if let Some(refusal) = error.refusal() {
            let message = refusal.detail.clone().unwrap_or_else(|| refusal.title.clone());
            let failure = Self::new(Exit::of_refusal(refusal.status, &refusal.code), message).code(&refusal.code);
            let request = refusal.request_id.as_ref().filter(|_| refusal.status >= 500);
            return match (&refusal.hint, request, refusal.status) {
                (Some(hint), ..) => failure.hint(hint),
                (None, Some(id), _) => failure.hint(format!("look for request {id} in the site's log")),
                (None, None, 401) => failure.hint("log in with another token: dray login --url URL --token TOKEN"),
                (None, None, 412) => {
                    failure.hint("somebody else has changed it in the meantime; look at it and try again")
                }
                _ => failure,
            };
        }
        let exit = if error.class() == ErrorClass::Retryable { Exit::Unreachable } else { Exit::Failed };
        let hint = match &error {
            ClientError::Unreachable { .. } | ClientError::Timeout { .. } => {
                Some("is the site running, and is its address in the profile right?")
            }
            ClientError::Untrusted { .. } => {
                Some("the profile is for another site, a clock is wrong, or the connection is being intercepted")
            }
            _ => None,
        };
        let failure = Self::new(exit, error.to_string());
        let failure = match std::error::Error::source(&error) {
            Some(source) => failure.because(source),
            None => failure,
        };
        hint.into_iter().fold(failure, Self::hint)
    }
}

impl From<JobWaitError> for Failure {
    fn from(error: JobWaitError) -> Self {
        match error {
            JobWaitError::Request(error) => error.into(),
            JobWaitError::Job(job) => Self::failed(error_of(&job)).hint(format!("see dray job show {}", job.id)),
        }
    }
}

fn error_of(job: &dray_model::api::job::Job) -> String {
    let cause = job.error.as_deref().unwrap_or("it gave no reason");
    format!("the {} job {} {}: {cause}", job.kind, job.id, job.state.as_str())
}
