//! Advertisements, and how far they are.

use serde::{Deserialize, Deserializer, Serialize};

use crate::advertisement::{AdvertisementTerms, Assignment, Rerun};
use crate::package::ReleaseNumber;
use crate::state::{ClientState, Standing};
use crate::{DeviceId, Digest, Name, Text, Timestamp};

/// A new advertisement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateAdvertisement {
    /// Unique among advertisements.
    pub name: Name,
    /// Its terms.
    pub terms: AdvertisementTerms,
}

/// A change to an advertisement; the result is published as the next revision. Needs `If-Match`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeAdvertisement {
    /// The terms to change.
    pub terms: ChangeTerms,
}

/// Changes to the terms of an advertisement. Anything absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeTerms {
    /// A comment for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text<128>>,
    /// A comment for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Text<1024>>,
    /// The package of the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<Name>,
    /// The program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Name>,
    /// The collection of devices that get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<Name>,
    /// The program is not offered before this; null to offer it at once.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Timestamp>))]
    pub start: Option<Option<Timestamp>>,
    /// The program is not started after this; null if it does not expire.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Timestamp>))]
    pub expires: Option<Option<Timestamp>>,
    /// All its assignments; they replace the existing ones. An empty list makes it optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_items = 15))]
    pub assignments: Option<Vec<Assignment>>,
    /// What a mandatory assignment does if the program has already run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun: Option<Rerun>,
}

/// Tells `null` from what is absent.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Timestamp>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl ChangeTerms {
    /// What `terms` come to with this change.
    #[must_use]
    pub fn apply(self, terms: AdvertisementTerms) -> AdvertisementTerms {
        AdvertisementTerms {
            title: self.title.unwrap_or(terms.title),
            comment: self.comment.unwrap_or(terms.comment),
            package: self.package.unwrap_or(terms.package),
            program: self.program.unwrap_or(terms.program),
            collection: self.collection.unwrap_or(terms.collection),
            start: self.start.unwrap_or(terms.start),
            expires: self.expires.unwrap_or(terms.expires),
            assignments: self.assignments.unwrap_or(terms.assignments),
            rerun: self.rerun.unwrap_or(terms.rerun),
        }
    }
}

/// An advertisement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdvertisementView {
    /// Its name.
    pub name: Name,
    /// The revision in force; the ETag.
    pub revision: u32,
    /// Digest of the revision's signed envelope.
    pub digest: Digest,
    /// Its terms.
    pub terms: AdvertisementTerms,
    /// When the revision was published.
    pub published_at: Timestamp,
    /// How many devices are in each state.
    pub summary: AdvertisementSummary,
}

/// How many devices an advertisement applies to, and how many of them are in each state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdvertisementSummary {
    /// Members of the collection.
    pub targeted: u64,
    /// Devices by the last state that they reported. Members that have not reported yet are not counted.
    pub states: Vec<StateCount>,
}

/// How many devices are in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StateCount {
    /// The state.
    pub state: ClientState,
    /// How many of them.
    pub devices: u64,
}

/// The state of one advertisement on one device, by its last report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceStatusView {
    /// The device.
    pub device: DeviceId,
    /// The device's name.
    pub device_name: Name,
    /// The advertisement.
    pub advertisement: Name,
    /// The package.
    pub package: Name,
    /// The program.
    pub program: Name,
    /// The release that the state is about.
    pub release: ReleaseNumber,
    /// The state and its reason.
    pub standing: Standing,
    /// The exit code of the last run.
    pub exit_code: Option<i64>,
    /// When the last run started.
    pub started_at: Option<Timestamp>,
    /// When the site received the report.
    pub received_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_keeps_what_is_absent_and_clears_what_is_null() {
        let terms = r#"{"package":"p","program":"i","collection":"c","title":"T","start":"2026-01-01T00:00:00Z",
            "expires":"2026-02-01T00:00:00Z","assignments":[{"kind":"as_soon_as_possible"}],"rerun":"always"}"#;
        let former: AdvertisementTerms = serde_json::from_str(terms).unwrap();
        let changed = |json: &str| serde_json::from_str::<ChangeTerms>(json).unwrap().apply(former.clone());
        assert_eq!(changed("{}"), former);
        let expected = AdvertisementTerms { start: None, collection: "d".parse().unwrap(), ..former.clone() };
        assert_eq!(changed(r#"{"start":null,"collection":"d"}"#), expected);
        assert_eq!(changed(r#"{"assignments":[]}"#), AdvertisementTerms { assignments: Vec::new(), ..former.clone() });
    }
}
