//! The answer to *why is this not installed*: the whole chain, link by link.

use serde::{Deserialize, Serialize};

pub use crate::state::WhyStage;
use crate::state::{ClientState, Standing};
use crate::{Name, Timestamp};

/// Explain why a program is or is not installed on a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Why {
    /// The device's name.
    pub device: Name,
    /// The package.
    pub package: Name,
    /// The program.
    pub program: Name,
    /// The answer in one sentence: the first link that does not hold, or the success.
    pub answer: String,
    /// A chain for each advertisement of the program; empty if it is not advertised.
    pub chains: Vec<WhyChain>,
}

impl Why {
    /// The sentence that answers, of all that the chains tell; none without chains. A chain that holds to its end answers with its
    /// result; otherwise the first thing in the way of the chain that came furthest does, and of several the first.
    #[must_use]
    pub fn answer_in(chains: &[WhyChain]) -> Option<&str> {
        let broken = |chain: &WhyChain| chain.links.iter().position(|link| link.holds != WhyHolds::Yes);
        let furthest = chains.iter().rev().max_by_key(|chain| broken(chain).unwrap_or(usize::MAX))?;
        let stands_in_the_way = |link: &&WhyLink| matches!(link.holds, WhyHolds::Waiting | WhyHolds::No);
        let first = furthest.links.iter().find(stands_in_the_way);
        let open = furthest.links.iter().find(|link| link.holds != WhyHolds::Yes);
        first.or(open).or(furthest.links.last()).map(|link| link.sentence.as_str())
    }
}

/// The links from an advertisement to its result on the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WhyChain {
    /// The advertisement.
    pub advertisement: Name,
    /// The links, in order.
    pub links: Vec<WhyLink>,
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WhyLink {
    /// The link.
    pub link: WhyStage,
    /// Whether it holds.
    pub holds: WhyHolds,
    /// A stable code.
    pub code: String,
    /// One sentence for people.
    pub sentence: String,
    /// Since when, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When it may change by itself, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
}

impl WhyLink {
    /// A link of which no instants are known.
    #[must_use]
    pub fn new(link: WhyStage, holds: WhyHolds, code: &str, sentence: impl Into<String>) -> Self {
        Self { link, holds, code: code.to_owned(), sentence: sentence.into(), since: None, next: None }
    }

    /// The link that a client has come to by its standing: its reason says which.
    #[must_use]
    pub fn told(standing: &Standing) -> Option<Self> {
        let reason = standing.reason.as_ref()?;
        let holds = WhyHolds::at(standing.state);
        let (since, next) = (Some(standing.since), standing.next);
        Some(Self { since, next, ..Self::new(reason.stage(), holds, reason.code(), reason.to_string()) })
    }
}

impl WhyHolds {
    /// Whether the link holds that a client in this state has come to.
    #[must_use]
    pub const fn at(state: ClientState) -> Self {
        match state {
            ClientState::Succeeded | ClientState::RestartPending => Self::Yes,
            state if state.is_final() => Self::No,
            _ => Self::Waiting,
        }
    }
}

/// Whether a link holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WhyHolds {
    /// It holds.
    Yes,
    /// Not yet; it may come.
    Waiting,
    /// It does not, and nothing changes that by itself.
    No,
    /// An earlier link does not hold, so nothing is known.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;
    use WhyHolds::{No, Unknown, Waiting, Yes};

    fn chain(name: &str, holds: &[WhyHolds]) -> WhyChain {
        let stages = [WhyStage::Membership, WhyStage::Policy, WhyStage::Time];
        let link = |(place, (link, holds)): (usize, (WhyStage, WhyHolds))| WhyLink {
            link,
            holds,
            code: String::new(),
            sentence: format!("{name}{place}"),
            since: None,
            next: None,
        };
        let links = stages.into_iter().zip(holds.iter().copied()).enumerate().map(link).collect();
        WhyChain { advertisement: "a".parse().unwrap(), links }
    }

    #[test]
    fn a_link_of_a_newer_program_is_shown_by_its_word() {
        let links = r#"["run", "approval"]"#;
        let stages: Vec<WhyStage> = serde_json::from_str(links).unwrap();
        assert_eq!((stages[0], stages[1].as_str()), (WhyStage::Run, "approval"));
        assert_eq!(serde_json::to_string(&stages).unwrap(), links.replace(' ', ""));
    }

    #[test]
    fn the_chain_that_came_furthest_answers_with_what_is_in_its_way() {
        let answer = |chains: &[WhyChain]| Why::answer_in(chains).map(str::to_owned);
        let told = |sentence: &str| Some(sentence.to_owned());
        assert_eq!(answer(&[chain("a", &[Yes, No, Unknown]), chain("b", &[Yes, Yes, Yes])]), told("b2"));
        assert_eq!(answer(&[chain("a", &[No, Unknown, Unknown]), chain("b", &[Yes, Waiting, Unknown])]), told("b1"));
        assert_eq!(answer(&[chain("a", &[Yes, Unknown, Waiting]), chain("b", &[Yes, No, Yes])]), told("a2"));
        assert_eq!(answer(&[chain("a", &[Yes, Unknown, Unknown])]), told("a1"));
        assert_eq!(answer(&[]), None);
    }
}
