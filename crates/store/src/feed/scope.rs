//! Whom a change concerns.

use std::fmt;

use dray_model::{DeviceId, Name};

const HISTORY: &str = "history";

/// Whom a change concerns. Its text is what the feed keeps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Every device and point.
    Everyone,
    /// The site's eras, and nobody's policy.
    History,
    /// One device: its policy may say something else.
    Device(DeviceId),
    /// What is offered to the members of this collection changed. They were offered something before.
    Offers(i64),
    /// Who is a member of this collection changed for more devices than are worth naming, or its members are offered something for the
    /// first time.
    Members(i64),
    /// One distribution point: what it is to hold changed.
    Point(Name),
    /// A device may no longer talk to the site.
    DeviceShutOut(DeviceId),
    /// The certificates that a point has had so far count no longer.
    PointShutOut(Name),
}

impl Scope {
    /// Reads what the feed keeps. A scope from a newer server that this one doesn't know concerns everyone.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::known(text).unwrap_or(Self::Everyone)
    }

    fn known(text: &str) -> Option<Self> {
        if text == HISTORY {
            return Some(Self::History);
        }
        let (kind, subject) = text.split_once(':')?;
        let number = || subject.parse::<i64>().ok();
        let device = || DeviceId::try_from(number()?).ok();
        match kind {
            "device" => device().map(Self::Device),
            "offers" => number().map(Self::Offers),
            "members" => number().map(Self::Members),
            "point" => subject.parse().ok().map(Self::Point),
            "device-shut-out" => device().map(Self::DeviceShutOut),
            "point-shut-out" => subject.parse().ok().map(Self::PointShutOut),
            _ => None,
        }
    }

    /// Whether the change may alter what is offered to a collection.
    pub(super) fn moves_offers(&self) -> bool {
        matches!(self, Self::Everyone | Self::Offers(_) | Self::Members(_))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::History => f.write_str(HISTORY),
            Self::Device(device) => write!(f, "device:{}", device.number()),
            Self::Offers(collection) => write!(f, "offers:{collection}"),
            Self::Members(collection) => write!(f, "members:{collection}"),
            Self::Point(name) => write!(f, "point:{name}"),
            Self::DeviceShutOut(device) => write!(f, "device-shut-out:{}", device.number()),
            Self::PointShutOut(name) => write!(f, "point-shut-out:{name}"),
        }
    }
}
