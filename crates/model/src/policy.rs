//! A device's policy: the short signed list of documents that apply to it, and its settings.

use serde::{Deserialize, Serialize};

use crate::readable::{Payload, Readable};
use crate::requirement::{PREREQUISITES, Requirement};
use crate::{DeviceId, Digest, EraId, Name, Timestamp};

/// The policy of one device. Signed for this device alone, with a number that never goes down and an expiry.
///
/// It requires nothing of its reader as a whole, forever: what only some agents understand is required by the entries that use it,
/// so that the others, an agent's own upgrade among them, go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The document's format; this is [`Policy::FORMAT`].
    pub format: u32,
    /// The device it is for.
    pub device: DeviceId,
    /// Goes up whenever anything that policies depend on changes at the site. A client refuses a lower number than the
    /// highest that it has seen.
    pub number: u64,
    /// The era of the site's history that the number belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub era: Option<EraId>,
    /// The era with which the site returned last: went on from an older copy of itself. When that is another one than before, the site
    /// has forgotten what it was told, and a client tells it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<EraId>,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// From this instant on the client starts nothing by it.
    pub expires_at: Timestamp,
    /// What applies to the device, by advertisement name.
    pub entries: Vec<Readable<PolicyEntry>>,
    /// How the agent works on this device.
    pub settings: AgentSettings,
}

impl Policy {
    /// The format that this version writes and reads.
    pub const FORMAT: u32 = 2;
}

impl Payload for Policy {
    const KIND: &'static str = "policy";
    const FORMATS: &'static [u32] = &[Self::FORMAT];
    type Identity = PolicyIdentity;
}

/// What of a policy keeps its meaning in every format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct PolicyIdentity {
    /// The device it is for.
    pub device: DeviceId,
    /// Its number.
    pub number: u64,
}

/// One advertisement that reaches the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "EntryWire")]
pub struct PolicyEntry {
    /// Which one it is, and the documents that say what it offers.
    #[serde(flatten)]
    pub names: EntryNames,
    /// What a reader must understand to act rightly by it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Requirement>,
}

/// What of an entry keeps its meaning forever.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EntryNames {
    /// The advertisement's name.
    pub name: Name,
    /// Digest of the advertisement revision's signed envelope.
    pub advertisement: Digest,
    /// Digests of the signed envelopes of the releases that it needs, in the order in which they must be there. The last one is
    /// the one that it offers.
    pub releases: Vec<Digest>,
}

#[derive(Deserialize)]
struct EntryWire {
    #[serde(flatten)]
    names: EntryNames,
    #[serde(default)]
    requires: Vec<Requirement>,
}

impl TryFrom<EntryWire> for PolicyEntry {
    type Error = &'static str;

    fn try_from(wire: EntryWire) -> Result<Self, Self::Error> {
        let EntryWire { names, requires } = wire;
        if names.releases.is_empty() { Err("the entry names no release") } else { Ok(Self { names, requires }) }
    }
}

impl PolicyEntry {
    /// An entry that any agent acts on.
    #[must_use]
    pub fn new(name: Name, advertisement: Digest, release: Digest) -> Self {
        Self { names: EntryNames { name, advertisement, releases: vec![release] }, requires: Vec::new() }
    }
}

impl Payload for PolicyEntry {
    const KIND: &'static str = "policy-entry";
    const FORMATS: &'static [u32] = &[];
    type Identity = EntryNames;

    fn implies(&self) -> Option<Requirement> {
        (self.names.releases.len() > 1).then(|| Requirement::named(PREREQUISITES))
    }
}

impl Readable<PolicyEntry> {
    /// Which advertisement it is and its documents, whether or not this version can act on it; none of a damaged one.
    #[must_use]
    pub fn names(&self) -> Option<EntryNames> {
        self.known().map(|entry| entry.names.clone()).or_else(|| self.identity())
    }
}

/// How the agent works on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct AgentSettings {
    /// Longest time between two looks at the policy when the site can't nudge, in seconds; 60 to 86 400.
    pub polling_interval_s: u32,
    /// Time between two inventories, in seconds; 300 to 604 800.
    pub inventory_interval_s: u32,
    /// How long content stays in the cache after the last policy that named it, in seconds (R§3.3: a day).
    pub cache_retention_s: u32,
}

impl Default for AgentSettings {
    fn default() -> Self {
        Self { polling_interval_s: 3600, inventory_interval_s: 3600, cache_retention_s: 86_400 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn entry(name: &str) -> Value {
        json!({ "name": name, "advertisement": Digest::of(b"a"), "releases": [Digest::of(b"r")] })
    }

    fn read(entries: &Value) -> Policy {
        let policy = json!({ "format": 2, "device": DeviceId::from_random(1), "number": 3, "issued_at": "2026-01-01T00:00:00Z",
            "expires_at": "2026-01-08T00:00:00Z", "entries": entries, "settings": { "nap_s": 60 }, "windows": [1] });
        let read: Readable<Policy> = serde_json::from_value(policy).unwrap();
        read.known().unwrap().clone()
    }

    /// The law that keeps every fleet upgradable.
    #[test]
    fn an_entry_of_the_oldest_format_is_delivered_beside_entries_from_the_future() {
        let upgrade = entry("upgrade-the-agent");
        let mut window = entry("windows");
        window["requires"] = json!([{ "feature": "maintenance-windows", "version": "0.4" }]);
        window["windows"] = json!({ "from": "22:00" });
        let mut persons = entry("persons");
        persons["requires"] = json!([{ "feature": "persons" }]);
        persons["releases"] = json!([{ "for": "maria" }]);
        let read = read(&json!([persons, { "odd": true }, upgrade, 7, window]));
        let known: Vec<_> = read.entries.iter().filter_map(Readable::known).collect();
        let expected = PolicyEntry::new("upgrade-the-agent".parse().unwrap(), Digest::of(b"a"), Digest::of(b"r"));
        assert_eq!(known, [&expected]);
        assert_eq!(read.settings, AgentSettings::default());
        assert_eq!(read.entries[4].names().unwrap().name.as_str(), "windows");
        let lacking: Vec<_> =
            read.entries.iter().filter_map(Readable::lacking).map(|one| one.feature.as_str()).collect();
        assert_eq!(lacking, ["persons", "maintenance-windows"]);
    }

    #[test]
    fn an_entry_with_prerequisites_waits_for_an_agent_that_runs_them_first() {
        let mut two = entry("editor");
        two["releases"] = json!([Digest::of(b"runtime"), Digest::of(b"editor")]);
        let read = read(&json!([two]));
        assert_eq!(read.entries[0].lacking().unwrap().feature.as_str(), "prerequisites");
        assert_eq!(serde_json::to_value(&read.entries[0]).unwrap(), two);
    }
}
