//! Advertisements: which program, for which collection, when.

use serde::{Deserialize, Serialize};

use crate::readable::{Payload, Readable};
use crate::requirement::Requirement;
use crate::{Name, Text, Timestamp};

/// What an advertisement offers and when, without its name and revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdvertisementTerms {
    /// A comment for people.
    #[serde(default)]
    pub title: Text<128>,
    /// A comment for people.
    #[serde(default)]
    pub comment: Text<1024>,
    /// The package of the program. Clients run its newest release.
    pub package: Name,
    /// The program.
    pub program: Name,
    /// The collection of devices that get it.
    pub collection: Name,
    /// The program is not offered before this instant, and nothing is downloaded. If absent, it is offered at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// The program is not started after this instant. If absent, it does not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When the program must run. If empty, it is optional and the person at the client decides. At most 15 (R§10.1).
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_items = 15))]
    pub assignments: Vec<Assignment>,
    /// What a mandatory assignment does if the program has already run.
    #[serde(default)]
    pub rerun: Rerun,
}

impl AdvertisementTerms {
    /// Most assignments of one advertisement (R§10.1).
    pub const MAX_ASSIGNMENTS: usize = 15;

    /// Terms that only say who gets what: optional, from now on, without an end (R§10.1).
    #[must_use]
    pub fn new(package: Name, program: Name, collection: Name) -> Self {
        Self {
            title: Text::default(),
            comment: Text::default(),
            package,
            program,
            collection,
            start: None,
            expires: None,
            assignments: Vec::new(),
            rerun: Rerun::default(),
        }
    }

    /// Whether the program must run.
    #[must_use]
    pub fn is_mandatory(&self) -> bool {
        !self.assignments.is_empty()
    }
}

/// An instant at which a program must run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "kind", try_from = "AssignmentWire")]
pub enum Assignment {
    /// As soon as the client has received it and its start has come.
    AsSoonAsPossible,
    /// At an instant, or as soon after as the client is up.
    At {
        /// The instant.
        time: Timestamp,
    },
}

/// All fields of all kinds. Read this way, and not by kind, fields that aren't known can be seen by readers that refuse them.
#[derive(Deserialize)]
struct AssignmentWire {
    kind: AssignmentKind,
    time: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum AssignmentKind {
    AsSoonAsPossible,
    At,
}

impl TryFrom<AssignmentWire> for Assignment {
    type Error = &'static str;

    fn try_from(wire: AssignmentWire) -> Result<Self, Self::Error> {
        match (wire.kind, wire.time) {
            (AssignmentKind::AsSoonAsPossible, None) => Ok(Self::AsSoonAsPossible),
            (AssignmentKind::AsSoonAsPossible, Some(_)) => {
                Err("an assignment that is due as soon as possible cannot have a time")
            }
            (AssignmentKind::At, Some(time)) => Ok(Self::At { time }),
            (AssignmentKind::At, None) => Err("an assignment at a given time needs that time"),
        }
    }
}

/// Whether a mandatory assignment runs a program that ran before (R§10.3). History is kept by package and program, not by
/// advertisement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Rerun {
    /// It ran once: it does not run again, whatever came of it.
    Never,
    /// It runs at each assignment.
    Always,
    /// It runs when the last run failed.
    #[default]
    IfFailed,
    /// It runs when the last run succeeded.
    IfSucceeded,
}

/// One revision of an advertisement: the immutable document that clients act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Advertisement {
    /// The document's format; this is [`Advertisement::FORMAT`].
    pub format: u32,
    /// The advertisement's name.
    pub name: Name,
    /// 1 for the first revision, one more for each edit.
    pub revision: u32,
    /// When this revision was published.
    pub published_at: Timestamp,
    /// What a reader must understand to act rightly by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Requirement>,
    /// Its terms.
    pub terms: AdvertisementTerms,
}

impl Payload for Advertisement {
    const KIND: &'static str = "advertisement";
    const FORMATS: &'static [u32] = &[Self::FORMAT];
    type Identity = AdvertisementIdentity;
}

/// What of an advertisement keeps its meaning in every format: enough to report on it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AdvertisementIdentity {
    /// Its name.
    pub name: Name,
    /// Its revision.
    pub revision: u32,
    /// Of its terms.
    pub terms: OfferedProgram,
}

/// What is offered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OfferedProgram {
    /// The package.
    pub package: Name,
    /// The program.
    pub program: Name,
}

impl Readable<Advertisement> {
    /// What it is about, whether or not this version can act on it.
    #[must_use]
    pub fn about(&self) -> Option<AdvertisementIdentity> {
        let Some(known) = self.known() else { return self.identity() };
        let terms = OfferedProgram { package: known.terms.package.clone(), program: known.terms.program.clone() };
        Some(AdvertisementIdentity { name: known.name.clone(), revision: known.revision, terms })
    }
}

impl Advertisement {
    /// The format that this version writes and reads.
    pub const FORMAT: u32 = 1;
}
