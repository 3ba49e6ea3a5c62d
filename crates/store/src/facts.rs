//! What devices report, in the tables of the inventory catalogue: `dray_model`'s [`Facts`], class by class.
//!
//! Every statement here is made from the catalogue. Each class of a device has a digest, so that facts reported again cost the
//! reading of one row, and only the classes that changed are written. One call takes what many devices report.

mod digests;
mod find;
mod kept;
mod replace;
mod row;
mod statements;

use std::collections::BTreeSet;

use dray_model::DeviceId;
use dray_model::facts::Facts;
use dray_model::inventory::Class;

pub use digests::FactDigests;
pub use find::find;
pub use kept::{Kept, kept};
pub use replace::replace;

/// What one device reports, beside what is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report<'a> {
    /// The device.
    pub device: DeviceId,
    /// What it reports.
    pub facts: &'a Facts,
    /// Of those facts.
    pub digests: FactDigests,
    /// Of the facts that it reported before; none when these are its first.
    pub kept: Option<FactDigests>,
}

impl<'a> Report<'a> {
    /// The facts of a device of which those with the digests `kept` are kept.
    #[must_use]
    pub fn new(device: DeviceId, facts: &'a Facts, kept: Option<FactDigests>) -> Self {
        Self { device, facts, digests: FactDigests::of(facts), kept }
    }

    /// Whether the facts are not those that are kept.
    #[must_use]
    pub fn is_news(&self) -> bool {
        self.kept.as_ref() != Some(&self.digests)
    }

    /// The classes whose rows are not those that are kept. A class without rows is the same as one never reported.
    #[must_use]
    pub fn changed(&self) -> BTreeSet<Class> {
        Class::all().filter(|class| self.has_changed(*class)).collect()
    }

    fn has_changed(&self, class: Class) -> bool {
        self.digests.get(class) != self.kept.as_ref().map_or_else(FactDigests::nothing, |kept| kept.get(class))
    }

    fn had_rows(&self, class: Class) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.get(class) != FactDigests::nothing())
    }
}

#[cfg(test)]
pub(crate) mod tests;
