//! How it stands with time, and the reason and the next instant that follow from it.

use dray_model::Timestamp;
use dray_model::state::{ClientState, Reason};

/// How it stands with time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// The start has not come.
    NotStarted {
        /// When it comes.
        start: Timestamp,
    },
    /// The time is over.
    Expired {
        /// Since when.
        expired: Timestamp,
    },
    /// It may run, and nothing says that it must.
    Optional,
    /// Nothing that has come is left to do.
    NotDue {
        /// When the next occurrence comes; absent when none does.
        next: Option<Timestamp>,
    },
    /// It must run.
    Due {
        /// Since the last occurrence that has come; [`Timestamp::MIN`] for one without an instant.
        since: Timestamp,
    },
}

impl Timing {
    /// What stands in the way, as a client reports it; nothing when it must run.
    #[must_use]
    pub const fn obstacle(self) -> Option<(ClientState, Reason)> {
        match self {
            Self::NotStarted { .. } => Some((ClientState::Scheduled, Reason::NotStarted)),
            Self::Expired { .. } => Some((ClientState::Expired, Reason::AdvertisementExpired)),
            Self::Optional => Some((ClientState::Scheduled, Reason::UserDecides)),
            Self::NotDue { .. } => Some((ClientState::Scheduled, Reason::NotAssignedYet)),
            Self::Due { .. } => None,
        }
    }

    /// When time itself changes the answer; absent when nothing does or only a person can.
    #[must_use]
    pub const fn next(self) -> Option<Timestamp> {
        match self {
            Self::NotStarted { start } => Some(start),
            Self::NotDue { next } => next,
            Self::Expired { .. } | Self::Optional | Self::Due { .. } => None,
        }
    }
}
