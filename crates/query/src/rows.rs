//! Facts as rows: exactly the values that the database holds and every evaluator reads.
//!
//! The rules that turn a fact into a value stand here and nowhere else, so that the database and a device can't disagree:
//! NUL characters are dropped (PostgreSQL has none), long texts are cut, numbers end at `i64::MAX`, and versions and
//! addresses get their sortable keys. Field names are column names; the rows serialise so for bulk input.

use dray_model::facts::{Address, Disk, Facts, Software};
use serde::Serialize;

use crate::address::ip_key;
use crate::catalogue::{Class, Property};
use crate::version::version_key;

/// Texts are cut to so many bytes, at a character's boundary: they stay below what a PostgreSQL index entry holds.
pub const TEXT_BYTES_MAX: usize = 1024;
/// Versions are cut to so many bytes, because their keys are up to eight times longer.
pub const VERSION_BYTES_MAX: usize = 128;

/// The rows of one device, without its id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FactRows {
    /// Row of `device_facts`.
    pub device: DeviceRow,
    /// Rows of `device_disk`.
    pub disks: Vec<DiskRow>,
    /// Rows of `device_address`.
    pub addresses: Vec<AddressRow>,
    /// Rows of `device_software`.
    pub software: Vec<SoftwareRow>,
}

/// A row of `device_facts`. The default, all unknown, is a device that never told anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "columns: the catalogue describes the properties of the same names")]
pub struct DeviceRow {
    pub platform: Option<String>,
    pub os_name: Option<String>,
    pub os_version: Option<String>,
    pub os_version_key: Option<String>,
    pub architecture: Option<String>,
    pub host_name: Option<String>,
    pub memory_bytes: Option<i64>,
    pub processors: Option<i64>,
    pub agent_version: Option<String>,
    pub agent_version_key: Option<String>,
}

/// A row of `device_disk`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "columns: the catalogue describes the properties of the same names")]
pub struct DiskRow {
    pub mount: String,
    pub size_bytes: i64,
    pub free_bytes: i64,
}

/// A row of `device_address`. `ip_key` is absent when the client sent what is no address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "columns: the catalogue describes the properties of the same names")]
pub struct AddressRow {
    pub interface: String,
    pub ip: String,
    pub ip_key: Option<String>,
    pub prefix: i64,
}

/// A row of `device_software`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "columns: the catalogue describes the properties of the same names")]
pub struct SoftwareRow {
    pub name: String,
    pub version: String,
    pub version_key: String,
}

impl From<&Facts> for FactRows {
    fn from(facts: &Facts) -> Self {
        Self {
            device: DeviceRow::from(facts),
            disks: facts.disks.iter().map(DiskRow::from).collect(),
            addresses: facts.addresses.iter().map(AddressRow::from).collect(),
            software: facts.software.iter().map(SoftwareRow::from).collect(),
        }
    }
}

impl From<&Facts> for DeviceRow {
    fn from(facts: &Facts) -> Self {
        let os_version = facts.os_version.as_deref().map(version);
        let agent_version = version(&facts.agent_version);
        Self {
            platform: Some(text(&facts.platform)),
            os_name: facts.os_name.as_deref().map(text),
            os_version_key: os_version.as_deref().map(version_key),
            os_version,
            architecture: Some(text(&facts.architecture)),
            host_name: Some(text(&facts.host_name)),
            memory_bytes: facts.memory_bytes.map(integer),
            processors: facts.processors.map(i64::from),
            agent_version_key: Some(version_key(&agent_version)),
            agent_version: Some(agent_version),
        }
    }
}

impl From<&Disk> for DiskRow {
    fn from(disk: &Disk) -> Self {
        Self { mount: text(&disk.mount), size_bytes: integer(disk.size_bytes), free_bytes: integer(disk.free_bytes) }
    }
}

impl From<&Address> for AddressRow {
    fn from(address: &Address) -> Self {
        let ip = text(&address.ip);
        Self { interface: text(&address.interface), ip_key: ip_key(&ip), ip, prefix: i64::from(address.prefix) }
    }
}

impl From<&Software> for SoftwareRow {
    fn from(software: &Software) -> Self {
        let version = version(&software.version);
        Self { name: text(&software.name), version_key: version_key(&version), version }
    }
}

fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn text(value: &str) -> String {
    cut(value, TEXT_BYTES_MAX)
}

fn version(value: &str) -> String {
    cut(value, VERSION_BYTES_MAX)
}

fn cut(value: &str, bytes_max: usize) -> String {
    let mut value = value.replace('\0', "");
    value.truncate(value.floor_char_boundary(bytes_max));
    value
}

/// One row that a condition can look at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Row<'a> {
    Device { name: &'a str, row: &'a DeviceRow },
    Disk(&'a DiskRow),
    Address(&'a AddressRow),
    Software(&'a SoftwareRow),
}

/// A known value. Texts of kinds with a key are keys where values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value<'a> {
    Integer(i64),
    Text(&'a str),
}

impl<'a> Row<'a> {
    /// The text or number of a fact; `None` when it isn't known, or not a property of this row.
    pub(crate) fn value(self, property: Property) -> Option<Value<'a>> {
        use Property as P;
        match (self, property) {
            (Self::Device { name, .. }, P::DeviceName) => Some(Value::Text(name)),
            (Self::Device { row, .. }, _) => device_value(row, property),
            (Self::Disk(row), P::DiskMount) => Some(Value::Text(&row.mount)),
            (Self::Disk(row), P::DiskSizeBytes) => Some(Value::Integer(row.size_bytes)),
            (Self::Disk(row), P::DiskFreeBytes) => Some(Value::Integer(row.free_bytes)),
            (Self::Address(row), P::AddressInterface) => Some(Value::Text(&row.interface)),
            (Self::Address(row), P::AddressIp) => Some(Value::Text(&row.ip)),
            (Self::Address(row), P::AddressPrefix) => Some(Value::Integer(row.prefix)),
            (Self::Software(row), P::SoftwareName) => Some(Value::Text(&row.name)),
            (Self::Software(row), P::SoftwareVersion) => Some(Value::Text(&row.version)),
            _ => None,
        }
    }

    /// What a fact compares by: its key where its kind has one, else its value.
    pub(crate) fn comparable(self, property: Property) -> Option<Value<'a>> {
        use Property as P;
        let key = match (self, property) {
            (Self::Device { row, .. }, P::OsVersion) => row.os_version_key.as_deref(),
            (Self::Device { row, .. }, P::AgentVersion) => row.agent_version_key.as_deref(),
            (Self::Address(row), P::AddressIp) => row.ip_key.as_deref(),
            (Self::Software(row), P::SoftwareVersion) => Some(row.version_key.as_str()),
            _ => return self.value(property),
        };
        key.map(Value::Text)
    }
}

fn device_value(row: &DeviceRow, property: Property) -> Option<Value<'_>> {
    match property {
        Property::Platform => row.platform.as_deref().map(Value::Text),
        Property::OsName => row.os_name.as_deref().map(Value::Text),
        Property::OsVersion => row.os_version.as_deref().map(Value::Text),
        Property::Architecture => row.architecture.as_deref().map(Value::Text),
        Property::HostName => row.host_name.as_deref().map(Value::Text),
        Property::AgentVersion => row.agent_version.as_deref().map(Value::Text),
        Property::MemoryBytes => row.memory_bytes.map(Value::Integer),
        Property::Processors => row.processors.map(Value::Integer),
        _ => None,
    }
}

impl FactRows {
    /// How many rows of a class there are; the device is one.
    pub(crate) fn size(&self, class: Class) -> usize {
        match class {
            Class::Device => 1,
            Class::Disks => self.disks.len(),
            Class::Addresses => self.addresses.len(),
            Class::Software => self.software.len(),
        }
    }

    /// How many rows of a list satisfy a test, counted no further than `enough`. The device is no list.
    pub(crate) fn count<'a>(&'a self, class: Class, enough: usize, mut test: impl FnMut(Row<'a>) -> bool) -> usize {
        match class {
            Class::Device => 0,
            Class::Disks => self.disks.iter().filter(|row| test(Row::Disk(row))).take(enough).count(),
            Class::Addresses => self.addresses.iter().filter(|row| test(Row::Address(row))).take(enough).count(),
            Class::Software => self.software.iter().filter(|row| test(Row::Software(row))).take(enough).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_end_at_the_largest_that_a_database_holds() {
        let disk = Disk { mount: "/".into(), size_bytes: u64::MAX, free_bytes: 7 };
        assert_eq!(DiskRow::from(&disk), DiskRow { mount: "/".into(), size_bytes: i64::MAX, free_bytes: 7 });
    }

    #[test]
    fn texts_lose_nul_characters_and_what_is_too_long() {
        let software = Software { name: format!("a\0{}", "é".repeat(600)), version: "1".repeat(200) };
        let row = SoftwareRow::from(&software);
        assert_eq!(row.name, format!("a{}", "é".repeat(511)));
        assert_eq!(row.version.len(), VERSION_BYTES_MAX);
        assert_eq!(row.version_key, version_key(&row.version));
    }

    #[test]
    fn the_key_of_the_worst_version_fits_an_index() {
        let worst = SoftwareRow::from(&Software { name: String::new(), version: "_".repeat(500) });
        assert!(worst.version_key.len() <= 8 * VERSION_BYTES_MAX, "{}", worst.version_key.len());
    }

    #[test]
    fn what_is_no_address_has_no_key() {
        let address = |ip: &str| AddressRow::from(&Address { interface: "eth0".into(), ip: ip.into(), prefix: 24 });
        assert_eq!(address("10.1.2.3").ip_key.as_deref(), Some("40a010203"));
        assert_eq!(address("somewhere").ip_key, None);
    }

    #[test]
    fn every_property_is_in_the_row_of_its_class() {
        let facts = Facts {
            os_name: Some("debian".into()),
            os_version: Some("12".into()),
            memory_bytes: Some(1),
            processors: Some(1),
            ..Facts::default()
        };
        let device = DeviceRow::from(&facts);
        let disk = DiskRow { mount: "/".into(), size_bytes: 1, free_bytes: 1 };
        let address = AddressRow::from(&Address { interface: "a".into(), ip: "::1".into(), prefix: 8 });
        let software = SoftwareRow::from(&Software { name: "a".into(), version: "1".into() });
        for (info, properties) in crate::catalogue() {
            let row = match info.class {
                Class::Device => Row::Device { name: "d", row: &device },
                Class::Disks => Row::Disk(&disk),
                Class::Addresses => Row::Address(&address),
                Class::Software => Row::Software(&software),
            };
            for property in properties {
                assert!(row.value(property.property).is_some(), "{}", property.property);
                let differs = row.comparable(property.property) != row.value(property.property);
                assert_eq!(differs, property.kind.has_key(), "{}", property.property);
            }
        }
    }
}
