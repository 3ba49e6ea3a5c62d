//! The states of an advertised program on a client, and the reason for each wait.
//!
//! Both read every code, also those that a newer program made up; see [`crate::unknown`].

mod stage;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use stage::WhyStage;

use crate::count::counted;
use crate::excerpt::quoted;
use crate::package::describe_requirement;
use crate::requirement::{self, Requirement};
use crate::unknown::{self, Code, Unknown};
use crate::{Size, Timestamp};

/// The state of an advertised program on a client. Newer clients may report other states than these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum ClientState {
    /// It is in the client's policy.
    Received,
    /// Its start or the time of its next assignment has not come yet.
    Scheduled,
    /// The client is asking where to get the content.
    Locating,
    /// Something is preventing it; the reason says what.
    Waiting,
    /// The content is being downloaded.
    Downloading,
    /// The content is there, or none is needed, and the person at the client may start the program.
    Ready,
    /// It is waiting for another program to finish.
    Queued,
    /// It is running.
    Running,
    /// It asked to be run again, and is waiting for that.
    Retrying,
    /// It succeeded, and the computer must restart.
    RestartPending,
    /// It succeeded.
    Succeeded,
    /// It failed for good.
    Failed,
    /// It has already run, and the rerun rule does not allow another run.
    WillNotRerun,
    /// The advertisement has expired.
    Expired,
    /// The device does not meet the requirements.
    Rejected,
    /// The advertisement no longer applies to the device.
    Cancelled,
    /// A state that this version doesn't know.
    #[serde(skip)]
    Other(Code),
}

impl ClientState {
    /// All known states, in the order of a program's life.
    pub const ALL: [Self; 16] = [
        Self::Received,
        Self::Scheduled,
        Self::Locating,
        Self::Waiting,
        Self::Downloading,
        Self::Ready,
        Self::Queued,
        Self::Running,
        Self::Retrying,
        Self::RestartPending,
        Self::Succeeded,
        Self::Failed,
        Self::WillNotRerun,
        Self::Expired,
        Self::Rejected,
        Self::Cancelled,
    ];

    /// The word that is stored and sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Received => "received",
            Self::Scheduled => "scheduled",
            Self::Locating => "locating",
            Self::Waiting => "waiting",
            Self::Downloading => "downloading",
            Self::Ready => "ready",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::RestartPending => "restart_pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::WillNotRerun => "will_not_rerun",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Other(code) => code.as_str(),
        }
    }

    /// Whether nothing more happens without a new assignment, release or advertisement.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::RestartPending
                | Self::Succeeded
                | Self::Failed
                | Self::WillNotRerun
                | Self::Expired
                | Self::Rejected
                | Self::Cancelled
        )
    }
}

impl std::fmt::Display for ClientState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for ClientState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| UnknownState(text.to_owned()))
    }
}

impl Serialize for ClientState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ClientState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        unknown::read_word(deserializer, Self::deserialize, Self::Other)
    }
}

/// A word that names no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a state of an advertised program", quoted(.0))]
pub struct UnknownState(String);

/// Why a client is in a state: a stable code with what people need to know. A `sentence` describes it; newer clients may
/// report other codes than these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "code", remote = "Self")]
pub enum Reason {
    /// A document that the policy names is being downloaded, so its terms are not known yet.
    AwaitingDocuments,
    /// The advertisement's start has not come.
    NotStarted,
    /// The next mandatory assignment has not come.
    NotAssignedYet,
    /// The advertisement is optional: somebody has to start it at the client.
    UserDecides,
    /// The program is disabled at the site.
    ProgramDisabled,
    /// The device's facts are being collected, because a requirement or a detection needs them.
    TakingFacts,
    /// The device's facts do not meet the program's requirement.
    RequirementNotMet {
        /// The requirement's text.
        requirement: String,
    },
    /// This version of the agent cannot read a condition of the program.
    ConditionUnreadable {
        /// Which, and what is wrong with it, in one sentence.
        error: String,
    },
    /// There is not enough free space for the program to run.
    NoRoomToRun {
        /// Bytes needed.
        needed_bytes: u64,
        /// Bytes free.
        free_bytes: u64,
    },
    /// The agent is asking the site where to get the content.
    AskingForSources,
    /// No distribution point has the content yet.
    NoSource,
    /// The agent cannot reach the site, so it does not know where to get the content.
    SiteUnreachable {
        /// What happened, in one sentence.
        error: String,
    },
    /// Content is being fetched.
    Fetching {
        /// Bytes downloaded.
        #[serde(default)]
        done_bytes: u64,
        /// Bytes to download in total; 0 if not known yet.
        #[serde(default)]
        total_bytes: u64,
    },
    /// All sources failed; the download continues later.
    SourcesFailed {
        /// What happened last, in one sentence.
        error: String,
    },
    /// The downloaded bytes do not match their digest; another source or a later attempt is needed.
    ContentDamaged {
        /// Which part, in one sentence.
        error: String,
    },
    /// There is not enough free space for the content.
    DiskFull {
        /// Bytes needed.
        needed_bytes: u64,
        /// Bytes free.
        free_bytes: u64,
    },
    /// The computer or its agent cannot hold the content, so it is not downloaded.
    ContentUnsupported {
        /// What the content requires that is not supported.
        requires: Vec<String>,
    },
    /// Another program is running.
    AnotherProgramRuns {
        /// Its advertisement.
        advertisement: String,
    },
    /// The content is being checked once more before the program starts.
    Starting,
    /// The program is running.
    Started,
    /// The program has ended, and the agent is checking whether it had its effect.
    Verifying,
    /// The exit code asks for another attempt.
    RetryAsked {
        /// The exit code.
        exit_code: i64,
        /// Attempts so far.
        tries: u32,
    },
    /// The program ended with this exit code.
    ExitCode {
        /// The exit code.
        exit_code: i64,
    },
    /// The program was killed by a signal.
    Signal {
        /// The signal's number.
        signal: i32,
    },
    /// The program exceeded its time limit and was stopped with its process tree.
    TimeLimit {
        /// The limit in seconds.
        limit_s: u32,
    },
    /// The program could not be started.
    NotStartable {
        /// What happened, in one sentence.
        error: String,
    },
    /// The computer restarted while the program was running, so its result is not known (2007: 10021).
    Interrupted,
    /// The process that watched the program was killed, so the program's result is not known.
    RunnerLost,
    /// The program's effect was already there, so it was not run.
    AlreadyPresent,
    /// The program reported success, but its effect cannot be detected.
    NotDetected,
    /// It has already run, and the rerun rule does not allow another run.
    RanBefore {
        /// Whether that run succeeded.
        succeeded: bool,
    },
    /// The advertisement has expired.
    AdvertisementExpired,
    /// The policy has expired, so nothing is started until the device receives a new one.
    PolicyExpired,
    /// The device's clock is more than a day earlier than the policy's date of issue.
    ClockWrong,
    /// The release does not contain the program.
    NoSuchProgram,
    /// A document of the policy could not be downloaded or was refused.
    DocumentRefused {
        /// What happened, in one sentence.
        error: String,
    },
    /// It needs a feature that the agent does not have.
    NotSupported {
        /// The agent's version.
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        agent_version: Box<str>,
        /// The feature, for example `maintenance-windows`.
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        feature: Box<str>,
        /// The first version that has it, if known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
        needs_version: Option<Box<str>>,
    },
    /// The advertisement no longer applies to the device.
    Withdrawn,
    /// A reason that this version doesn't know.
    #[serde(skip)]
    Other(Unknown),
}

unknown::reads_every_code!(Reason, "code");

impl Reason {
    /// That this version must not act on what requires `lacking`.
    #[must_use]
    pub fn lacking(lacking: &Requirement) -> Self {
        Self::NotSupported {
            agent_version: requirement::VERSION.into(),
            feature: lacking.feature.as_str().into(),
            needs_version: lacking.version.as_ref().map(|version| version.as_str().into()),
        }
    }

    /// The stable code, as in the JSON form.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::AwaitingDocuments => "awaiting_documents",
            Self::NotStarted => "not_started",
            Self::NotAssignedYet => "not_assigned_yet",
            Self::UserDecides => "user_decides",
            Self::ProgramDisabled => "program_disabled",
            Self::TakingFacts => "taking_facts",
            Self::RequirementNotMet { .. } => "requirement_not_met",
            Self::ConditionUnreadable { .. } => "condition_unreadable",
            Self::NoRoomToRun { .. } => "no_room_to_run",
            Self::AskingForSources => "asking_for_sources",
            Self::NoSource => "no_source",
            Self::SiteUnreachable { .. } => "site_unreachable",
            Self::Fetching { .. } => "fetching",
            Self::SourcesFailed { .. } => "sources_failed",
            Self::ContentDamaged { .. } => "content_damaged",
            Self::DiskFull { .. } => "disk_full",
            Self::ContentUnsupported { .. } => "content_unsupported",
            Self::AnotherProgramRuns { .. } => "another_program_runs",
            Self::Starting => "starting",
            Self::Started => "started",
            Self::Verifying => "verifying",
            Self::RetryAsked { .. } => "retry_asked",
            Self::ExitCode { .. } => "exit_code",
            Self::Signal { .. } => "signal",
            Self::TimeLimit { .. } => "time_limit",
            Self::NotStartable { .. } => "not_startable",
            Self::Interrupted => "interrupted",
            Self::RunnerLost => "runner_lost",
            Self::AlreadyPresent => "already_present",
            Self::NotDetected => "not_detected",
            Self::RanBefore { .. } => "ran_before",
            Self::AdvertisementExpired => "advertisement_expired",
            Self::PolicyExpired => "policy_expired",
            Self::ClockWrong => "clock_wrong",
            Self::NoSuchProgram => "no_such_program",
            Self::DocumentRefused { .. } => "document_refused",
            Self::NotSupported { .. } => "not_supported",
            Self::Withdrawn => "withdrawn",
            Self::Other(unknown) => unknown.code(),
        }
    }
}

impl std::fmt::Display for Reason {
    /// One sentence for people, without a full stop.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AwaitingDocuments => write!(f, "downloading a document of the policy"),
            Self::NotStarted => write!(f, "the advertisement has not started yet"),
            Self::NotAssignedYet => write!(f, "the time of its next assignment has not come yet"),
            Self::UserDecides => write!(f, "it is optional: somebody has to start it at the computer"),
            Self::ProgramDisabled => write!(f, "the program has been disabled at the site"),
            Self::TakingFacts => write!(f, "collecting the device's facts"),
            Self::RequirementNotMet { requirement } => {
                write!(f, "the device does not meet the requirement {requirement}")
            }
            Self::ConditionUnreadable { error } => write!(f, "cannot check whether the program may run: {error}"),
            Self::NoRoomToRun { needed_bytes, free_bytes } => {
                let lacking = Size(needed_bytes.saturating_sub(*free_bytes));
                write!(
                    f,
                    "not enough free space to run: the program needs {}, {lacking} more than there is",
                    Size(*needed_bytes)
                )
            }
            Self::AskingForSources => write!(f, "asking the site where to get the content"),
            Self::NoSource => write!(f, "no distribution point has this content yet"),
            Self::SiteUnreachable { error } => write!(f, "cannot reach the site: {error}"),
            Self::Fetching { total_bytes: 0, .. } => write!(f, "downloading content"),
            Self::Fetching { done_bytes, total_bytes } => {
                write!(f, "downloading content: {} of {}", Size(*done_bytes), Size(*total_bytes))
            }
            Self::SourcesFailed { error } => write!(f, "cannot download the content from any source: {error}"),
            Self::ContentDamaged { error } => write!(f, "the content does not match its digest: {error}"),
            Self::DiskFull { needed_bytes, free_bytes } => {
                // Rounded, what is needed and what is free may look the same; what lacks never looks like nothing.
                let lacking = Size(needed_bytes.saturating_sub(*free_bytes));
                write!(f, "not enough free space: {} needed, {lacking} more than there is", Size(*needed_bytes))
            }
            Self::ContentUnsupported { requires } => {
                let why: Vec<_> = requires.iter().map(|name| describe_requirement(name)).collect();
                write!(f, "this computer cannot hold the content: {}", why.join("; "))
            }
            Self::AnotherProgramRuns { advertisement } => {
                write!(f, "waiting for another program to finish ({advertisement})")
            }
            Self::Starting => write!(f, "checking the content once more before starting the program"),
            Self::Started => write!(f, "the program is running"),
            Self::Verifying => write!(f, "the program has ended; checking whether it had its effect"),
            Self::RetryAsked { exit_code, tries } => {
                let tries = counted((*tries).into(), "attempt");
                write!(f, "exit code {exit_code} means that the program should be run again; {tries} so far")
            }
            Self::ExitCode { exit_code } => write!(f, "the program ended with exit code {exit_code}"),
            Self::Signal { signal } => write!(f, "the program was killed by signal {signal}"),
            Self::TimeLimit { limit_s } => {
                write!(f, "the program exceeded its time limit of {limit_s} s and was stopped")
            }
            Self::NotStartable { error } => write!(f, "cannot start the program: {error}"),
            Self::Interrupted => write!(f, "the computer restarted while the program was running"),
            Self::RunnerLost => write!(f, "the process watching the program was killed, so the result is unknown"),
            Self::AlreadyPresent => write!(f, "not run, because its effect was already there"),
            Self::NotDetected => write!(f, "the program reported success, but its detection rule does not match"),
            Self::RanBefore { succeeded: true } => {
                write!(f, "it has already succeeded, and the rerun rule does not allow another run")
            }
            Self::RanBefore { succeeded: false } => {
                write!(f, "it has already failed, and the rerun rule does not allow another run")
            }
            Self::AdvertisementExpired => write!(f, "the advertisement has expired"),
            Self::PolicyExpired => write!(f, "the policy has expired and the device has not received a new one"),
            Self::ClockWrong => write!(f, "the computer's clock is wrong: it is earlier than the date of the policy"),
            Self::NoSuchProgram => write!(f, "the release does not contain this program"),
            Self::DocumentRefused { error } => write!(f, "cannot accept a document of the policy: {error}"),
            Self::NotSupported { agent_version, feature, needs_version } => {
                let feature = feature.replace('-', " ");
                let needed = needs_version
                    .as_ref()
                    .map_or_else(|| "a newer version".to_owned(), |version| format!("version {version}"));
                write!(f, "agent {agent_version} does not support {feature}; {needed} is needed")
            }
            Self::Withdrawn => write!(f, "the advertisement no longer applies to this device"),
            Self::Other(unknown) => unknown.fmt(f),
        }
    }
}

/// A state with its reason, when it began, and when it may next change by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Standing {
    /// Where the client is.
    pub state: ClientState,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Since when.
    pub since: Timestamp,
    /// When it may next change by itself; absent if only something from outside can change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
}

#[cfg(test)]
mod tests;
