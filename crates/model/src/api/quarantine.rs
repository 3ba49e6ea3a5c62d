//! Members that the site has forgotten: they show a good certificate, but the copy from which the site went on doesn't know them.

use serde::{Deserialize, Serialize};

use super::client::MemberKind;
use crate::{Name, Timestamp};

/// A member that waits until an administrator accepts or refuses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuarantinedView {
    /// What it is.
    pub kind: MemberKind,
    /// Who it is, by its certificate: a device's id, or a distribution point's name.
    pub member: Name,
    /// What it calls itself.
    pub name: Option<Name>,
    /// When its certificate was issued.
    pub issued_at: Timestamp,
    /// When it was heard of last, to the hour.
    pub seen_at: Timestamp,
    /// When it was refused.
    pub refused_at: Option<Timestamp>,
}

/// What came of accepting or refusing all that wait.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuarantineOutcome {
    /// How many members were accepted or refused.
    pub done: u64,
    /// Distribution points that can't be accepted yet, because they must be created first.
    pub left: Vec<Name>,
}
