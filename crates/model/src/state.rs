//! The states of an advertised program on a client, and the reason for each wait.
//!
//! Both read every code, also those that a newer program made up; see [`crate::unknown`].

mod stage;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use stage::WhyStage;

use crate::excerpt::quoted;
use crate::package::describe_requirement;
use crate::requirement::{self, Requirement};
use crate::unknown::{self, Code, Unknown};
use crate::{Size, Timestamp};

/// Where a client is with an advertised program. Newer clients may report other states than these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum ClientState {
    /// The client has it in its policy.
    Received,
    /// Its start or its next assignment has not come.
    Scheduled,
    /// The client asks where the content is.
    Locating,
    /// Something stands in the way; the reason says what.
    Waiting,
    /// Content is on its way.
    Downloading,
    /// Content is here, or none is needed, and the program may be started by the person at the client.
    Ready,
    /// Another program runs first.
    Queued,
    /// It runs.
    Running,
    /// It asked for another try, and waits for it.
    Retrying,
    /// It succeeded, and the computer must restart.
    RestartPending,
    /// It succeeded.
    Succeeded,
    /// It failed for good.
    Failed,
    /// It ran before, and the rerun rule says no.
    WillNotRerun,
    /// The advertisement's time is over.
    Expired,
    /// The device does not meet the requirements.
    Rejected,
    /// It no longer reaches the device.
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

/// Why a client is in a state: a stable code with what people need to know. A `sentence` says it in words; newer clients may give
/// other codes than these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "code", remote = "Self")]
pub enum Reason {
    /// A document that the policy names is being fetched, so what it says is not known yet.
    AwaitingDocuments,
    /// The advertisement's start has not come.
    NotStarted,
    /// The next mandatory assignment has not come.
    NotAssignedYet,
    /// The advertisement is optional: the person at the client starts it.
    UserDecides,
    /// The program is disabled at the site.
    ProgramDisabled,
    /// The device's facts are being taken; a requirement or a detection looks at them.
    TakingFacts,
    /// The device's facts do not meet the program's requirement.
    RequirementNotMet {
        /// The requirement's text.
        requirement: String,
    },
    /// A condition of the program can't be read by this version of the agent.
    ConditionUnreadable {
        /// Which, and what is wrong with it, in one sentence.
        error: String,
    },
    /// There is less free space than the program asks for before its run.
    NoRoomToRun {
        /// Bytes needed.
        needed_bytes: u64,
        /// Bytes free.
        free_bytes: u64,
    },
    /// The site is asked for sources of the content.
    AskingForSources,
    /// No source holds the content yet.
    NoSource,
    /// The site can't be reached, so sources are not known.
    SiteUnreachable {
        /// What happened, in one sentence.
        error: String,
    },
    /// Content is being fetched.
    Fetching {
        /// Bytes here.
        #[serde(default)]
        done_bytes: u64,
        /// Bytes to come over the wire in all; 0 while that is not known.
        #[serde(default)]
        total_bytes: u64,
    },
    /// Sources failed; fetching goes on later.
    SourcesFailed {
        /// What happened last, in one sentence.
        error: String,
    },
    /// What arrived did not match its digest; another source or a later try is needed.
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
    /// The computer or its agent can't hold the content, so nothing of it is fetched.
    ContentUnsupported {
        /// What the content requires that can't be done here.
        requires: Vec<String>,
    },
    /// Another program runs.
    AnotherProgramRuns {
        /// Its advertisement.
        advertisement: String,
    },
    /// The content is checked once more, then the program is started.
    Starting,
    /// The program runs.
    Started,
    /// The program ended, and whether its effect is there is being found out.
    Verifying,
    /// The exit code asks for another try.
    RetryAsked {
        /// The exit code.
        exit_code: i64,
        /// Tries so far.
        tries: u32,
    },
    /// The program ended with this exit code.
    ExitCode {
        /// The exit code.
        exit_code: i64,
    },
    /// The program was ended by a signal.
    Signal {
        /// The signal's number.
        signal: i32,
    },
    /// The program ran over its time limit and was stopped with its process tree.
    TimeLimit {
        /// The limit in seconds.
        limit_s: u32,
    },
    /// The program could not be started.
    NotStartable {
        /// What happened, in one sentence.
        error: String,
    },
    /// The computer restarted while the program ran, so its result is not known (2007: 10021).
    Interrupted,
    /// The process that watched the program was ended, so the program's result is not known.
    RunnerLost,
    /// The program's effect was there before it ran, so it was not run.
    AlreadyPresent,
    /// The program ended well, but its effect can't be detected.
    NotDetected,
    /// It ran before, and the rerun rule says no.
    RanBefore {
        /// Whether that run succeeded.
        succeeded: bool,
    },
    /// The advertisement's time is over.
    AdvertisementExpired,
    /// The policy is over its expiry, so nothing is started by it until the site signs a new one.
    PolicyExpired,
    /// The device's clock lies before the policy's date of issue by more than a day.
    ClockWrong,
    /// The release does not hold the program.
    NoSuchProgram,
    /// A document of the policy could not be had or was refused.
    DocumentRefused {
        /// What happened, in one sentence.
        error: String,
    },
    /// The agent must understand something to act rightly that it does not understand.
    NotSupported {
        /// The agent's version.
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        agent_version: Box<str>,
        /// What it doesn't understand, like `maintenance-windows`.
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        feature: Box<str>,
        /// The first version that does, where known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
        needs_version: Option<Box<str>>,
    },
    /// The advertisement does not reach the device any more.
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
            Self::AwaitingDocuments => write!(f, "a document of the policy is being fetched"),
            Self::NotStarted => write!(f, "the advertisement has not started yet"),
            Self::NotAssignedYet => write!(f, "its next assignment has not come"),
            Self::UserDecides => write!(f, "it is optional: the person at the computer starts it"),
            Self::ProgramDisabled => write!(f, "the program is disabled at the site"),
            Self::TakingFacts => write!(f, "the device's facts are being taken"),
            Self::RequirementNotMet { requirement } => {
                write!(f, "the device does not meet the requirement {requirement}")
            }
            Self::ConditionUnreadable { error } => write!(f, "cannot check whether the program may run: {error}"),
            Self::NoRoomToRun { needed_bytes, free_bytes } => {
                let lacking = Size(needed_bytes.saturating_sub(*free_bytes));
                write!(f, "the program needs {} of free space, {lacking} more than there is", Size(*needed_bytes))
            }
            Self::AskingForSources => write!(f, "asking the site where the content is"),
            Self::NoSource => write!(f, "no source holds this content yet"),
            Self::SiteUnreachable { error } => write!(f, "the site can't be reached: {error}"),
            Self::Fetching { total_bytes: 0, .. } => write!(f, "content is being fetched"),
            Self::Fetching { done_bytes, total_bytes } => {
                write!(f, "content is being fetched: {} of {}", Size(*done_bytes), Size(*total_bytes))
            }
            Self::SourcesFailed { error } => write!(f, "every source of the content failed: {error}"),
            Self::ContentDamaged { error } => write!(f, "content did not match its digest: {error}"),
            Self::DiskFull { needed_bytes, free_bytes } => {
                // Rounded, what is needed and what is free may look the same; what lacks never looks like nothing.
                let lacking = Size(needed_bytes.saturating_sub(*free_bytes));
                write!(f, "not enough free space: {} are needed, {lacking} more than are free", Size(*needed_bytes))
            }
            Self::ContentUnsupported { requires } => {
                let why: Vec<_> = requires.iter().map(|name| describe_requirement(name)).collect();
                write!(f, "this computer cannot hold the content: {}", why.join("; "))
            }
            Self::AnotherProgramRuns { advertisement } => write!(f, "another program runs first ({advertisement})"),
            Self::Starting => write!(f, "the content is checked once more, then the program is started"),
            Self::Started => write!(f, "the program runs"),
            Self::Verifying => write!(f, "the program ended, and its effect is being checked"),
            Self::RetryAsked { exit_code, tries } => {
                write!(f, "exit code {exit_code} asks for another try after {tries} so far")
            }
            Self::ExitCode { exit_code } => write!(f, "the program ended with exit code {exit_code}"),
            Self::Signal { signal } => write!(f, "the program was ended by signal {signal}"),
            Self::TimeLimit { limit_s } => write!(f, "the program ran over its limit of {limit_s} s and was stopped"),
            Self::NotStartable { error } => write!(f, "the program could not be started: {error}"),
            Self::Interrupted => write!(f, "the computer restarted while the program ran"),
            Self::RunnerLost => write!(f, "the process that watched the program was ended, its result is not known"),
            Self::AlreadyPresent => write!(f, "its effect was there already, it was not run"),
            Self::NotDetected => write!(f, "the program ended well, but its effect is not there"),
            Self::RanBefore { succeeded: true } => write!(f, "it ran before with success, and the rerun rule says no"),
            Self::RanBefore { succeeded: false } => write!(f, "it ran before and failed, and the rerun rule says no"),
            Self::AdvertisementExpired => write!(f, "the advertisement has expired"),
            Self::PolicyExpired => write!(f, "the policy has expired and the site has not signed a new one"),
            Self::ClockWrong => write!(f, "the computer's clock is wrong: it lies before the policy's date"),
            Self::NoSuchProgram => write!(f, "the release does not hold this program"),
            Self::DocumentRefused { error } => write!(f, "a document of the policy was refused: {error}"),
            Self::NotSupported { agent_version, feature, needs_version } => {
                let feature = feature.replace('-', " ");
                let needed = needs_version.as_deref().unwrap_or("a newer version");
                write!(f, "this agent, {agent_version}, does not support {feature}; it needs {needed}")
            }
            Self::Withdrawn => write!(f, "the advertisement does not reach this device any more"),
            Self::Other(unknown) => unknown.fmt(f),
        }
    }
}

/// A state with its reason, since when it holds, and when it may change next by itself.
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
    /// The next instant at which anything changes by itself; absent when only news from outside can change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
}

#[cfg(test)]
mod tests;
