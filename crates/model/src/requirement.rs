//! Features: names for what a reader of a payload must understand to act rightly by it.
//!
//! Everything that version 0.1 understands has no name: no payload needs to require it. A name is given to what comes later and
//! would be wrong to ignore. Names are never given twice.

use serde::{Deserialize, Serialize};

use crate::{Name, Text};

/// This version, as reasons say it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The header in which an agent tells its features, separated by commas, whenever it tells its facts.
pub const FEATURES_HEADER: &str = "dray-features";
/// Most features that are kept of one agent.
pub const FEATURES_MAX: usize = 256;

/// The features that this version understands. To add one: its name here, in `docs/formats.md`, and in the `requires` of what is
/// written with it.
pub const FEATURES: &[&str] = &[];

/// Releases of other packages that must run first. An entry that has some needs it, whether or not it says so.
pub(crate) const PREREQUISITES: &str = "prerequisites";

/// A feature that a reader must understand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Requirement {
    /// Its name: the words that people use for it, with hyphens, like `maintenance-windows`.
    pub feature: Name,
    /// The first version that understands it, where that was known when the payload was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Text<32>>,
}

impl Requirement {
    /// The feature without a version.
    ///
    /// # Panics
    /// When the text isn't a [`Name`].
    pub(crate) fn named(feature: &str) -> Self {
        Self { feature: feature.parse().expect("names of features are names"), version: None }
    }

    /// A format of a kind of payload.
    pub(crate) fn format(kind: &str, format: u32) -> Self {
        Self::named(&format!("{kind}-format-{format}"))
    }

    /// Whether this version understands it.
    #[must_use]
    pub fn is_met(&self) -> bool {
        FEATURES.contains(&self.feature.as_str())
    }
}

/// The features of this version, as an agent tells its site.
///
/// # Panics
/// Never: a test reads [`FEATURES`] as names.
#[must_use]
pub fn features() -> Vec<Name> {
    FEATURES.iter().map(|feature| feature.parse().expect("names of features are names")).collect()
}

/// The features in a header's text. What can't be the name of a feature is left out.
#[must_use]
pub fn features_in(header: &str) -> Vec<Name> {
    let names = header.split(',').filter_map(|name| name.trim().parse().ok());
    names.take(FEATURES_MAX).collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

/// The text of a header for these features.
#[must_use]
pub fn features_header(features: &[Name]) -> String {
    features.iter().map(Name::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_travel_in_a_header() {
        let features = features_in("windows,persons, Odd one ,windows,,");
        assert_eq!(features_header(&features), "persons, windows");
        assert_eq!(features_in(&features_header(&features)), features);
        assert_eq!(features_in(""), []);
    }

    #[test]
    fn each_feature_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = features().into_iter().collect();
        assert_eq!(names.len(), FEATURES.len());
        assert!(Requirement::named(PREREQUISITES).version.is_none());
    }
}
