//! Which link of the chain from membership to result a reason belongs to.
//!
//! The one classification: the agent, the site's `why` and every page ask it. It has no wildcard, so that a new reason can't come into
//! being without its link, and it looks at the reason alone: a reason that would belong to two links is two reasons.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Reason;
use crate::unknown::{self, Code};

/// The links of the chain, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum WhyStage {
    /// The device is a member of the advertisement's collection.
    Membership,
    /// The device has the policy that names the advertisement.
    Policy,
    /// The advertisement has started, is assigned and has not expired.
    Time,
    /// The content is in the cache.
    Content,
    /// The device meets the requirements.
    Requirements,
    /// The program ran.
    Run,
    /// Its result.
    Result,
    /// A link that a newer program has.
    #[serde(skip)]
    Other(Code),
}

impl WhyStage {
    /// The word for it, as in JSON.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Membership => "membership",
            Self::Policy => "policy",
            Self::Time => "time",
            Self::Content => "content",
            Self::Requirements => "requirements",
            Self::Run => "run",
            Self::Result => "result",
            Self::Other(code) => code.as_str(),
        }
    }
}

impl Serialize for WhyStage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for WhyStage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        unknown::read_word(deserializer, Self::deserialize, Self::Other)
    }
}

impl Reason {
    /// The link that a client with this reason has come to: what stands in the way there or, at the last one, what came of it.
    #[must_use]
    pub const fn stage(&self) -> WhyStage {
        match self {
            Self::Withdrawn => WhyStage::Membership,
            Self::AwaitingDocuments
            | Self::DocumentRefused { .. }
            | Self::NotSupported { .. }
            | Self::PolicyExpired
            | Self::ClockWrong => WhyStage::Policy,
            Self::NotStarted | Self::NotAssignedYet | Self::UserDecides | Self::AdvertisementExpired => WhyStage::Time,
            Self::AskingForSources
            | Self::NoSource
            | Self::SiteUnreachable { .. }
            | Self::Fetching { .. }
            | Self::SourcesFailed { .. }
            | Self::ContentDamaged { .. }
            | Self::DiskFull { .. }
            | Self::ContentUnsupported { .. } => WhyStage::Content,
            Self::NoSuchProgram
            | Self::ProgramDisabled
            | Self::TakingFacts
            | Self::RequirementNotMet { .. }
            | Self::ConditionUnreadable { .. } => WhyStage::Requirements,
            // Where nothing follows for other links: what a newer client waits for is not known here.
            Self::Other(_) => WhyStage::Requirements,
            Self::AnotherProgramRuns { .. }
            | Self::NoRoomToRun { .. }
            | Self::Starting
            | Self::Started
            | Self::Verifying
            | Self::RetryAsked { .. }
            | Self::RanBefore { .. } => WhyStage::Run,
            Self::ExitCode { .. }
            | Self::Signal { .. }
            | Self::TimeLimit { .. }
            | Self::NotStartable { .. }
            | Self::Interrupted
            | Self::RunnerLost
            | Self::AlreadyPresent
            | Self::NotDetected => WhyStage::Result,
        }
    }

    /// Whether it says how a task ended, or why none was needed.
    #[must_use]
    pub fn is_result(&self) -> bool {
        self.stage() == WhyStage::Result
    }
}
