//! The inventory catalogue: the classes and properties that a query may name, with their types, columns and descriptions.
//!
//! It is data (`catalogue/tables.rs`), read by the type checker, the SQL compiler, the help of the command line and the
//! documentation. Names in SQL come from here and never from a query's text. Property names are part of the signed document
//! format: never rename one.

mod tables;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use tables::{CLASSES, PROPERTIES};

/// A class of the inventory: the device itself, or one of its lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The device: one row.
    Device,
    /// Mounted local file systems.
    Disks,
    /// Network addresses.
    Addresses,
    /// Installed packages.
    Software,
}

/// How a property's values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Text, byte by byte.
    Text,
    /// A whole number from 0 to 9223372036854775807; larger facts count as the largest.
    Integer,
    /// Text in the order of [`crate::version_key`].
    Version,
    /// An IP address, compared as an address: equality and networks only.
    Ip,
}

impl Kind {
    /// Whether values have a key column beside their text: `<name>_key`.
    #[must_use]
    pub const fn has_key(self) -> bool {
        matches!(self, Self::Version | Self::Ip)
    }

    /// Whether values are texts that `startsWith` and its like can look at.
    #[must_use]
    pub const fn is_text(self) -> bool {
        !matches!(self, Self::Integer)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "a text",
            Self::Integer => "a number",
            Self::Version => "a version",
            Self::Ip => "an IP address",
        })
    }
}

/// A property of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[expect(missing_docs, reason = "the catalogue describes each one, for people too")]
pub enum Property {
    DeviceName,
    Platform,
    OsName,
    OsVersion,
    Architecture,
    HostName,
    MemoryBytes,
    Processors,
    AgentVersion,
    DiskMount,
    DiskSizeBytes,
    DiskFreeBytes,
    AddressInterface,
    AddressIp,
    AddressPrefix,
    SoftwareName,
    SoftwareVersion,
}

/// What the catalogue says of a class.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ClassInfo {
    /// The class.
    pub class: Class,
    /// Its name in queries.
    pub name: &'static str,
    /// Its table in the database.
    #[serde(skip)]
    pub table: &'static str,
    /// Whether a device may have several rows of it.
    pub many: bool,
    /// One sentence for people.
    pub description: &'static str,
}

/// What the catalogue says of a property.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PropertyInfo {
    /// The property, in documents as `class.name`.
    pub property: Property,
    /// The class it belongs to.
    pub class: Class,
    /// Its name in queries, and its column in the class's table.
    pub name: &'static str,
    /// How its values compare.
    pub kind: Kind,
    /// One sentence for people.
    pub description: &'static str,
    /// A condition that uses it.
    pub example: &'static str,
}

/// Every class with its properties, in the order of the documentation.
pub fn catalogue() -> impl Iterator<Item = (&'static ClassInfo, &'static [PropertyInfo])> {
    CLASSES.iter().map(|info| (info, info.class.properties()))
}

impl Class {
    /// What the catalogue says of it.
    #[must_use]
    pub const fn info(self) -> &'static ClassInfo {
        &CLASSES[self as usize]
    }

    /// The class of this name in queries.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        CLASSES.iter().find(|info| info.name == name).map(|info| info.class)
    }

    /// Its properties.
    #[must_use]
    pub fn properties(self) -> &'static [PropertyInfo] {
        let start = PROPERTIES.partition_point(|info| info.class < self);
        let end = PROPERTIES.partition_point(|info| info.class <= self);
        &PROPERTIES[start..end]
    }

    /// Its property of this name.
    #[must_use]
    pub fn property(self, name: &str) -> Option<Property> {
        self.properties().iter().find(|info| info.name == name).map(|info| info.property)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.info().name)
    }
}

impl Property {
    /// What the catalogue says of it.
    #[must_use]
    pub const fn info(self) -> &'static PropertyInfo {
        &PROPERTIES[self as usize]
    }

    /// How its values compare.
    #[must_use]
    pub const fn kind(self) -> Kind {
        self.info().kind
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.info().class, self.info().name)
    }
}

/// A text that is no property of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a property of the inventory catalogue")]
pub struct UnknownProperty(String);

impl FromStr for Property {
    type Err = UnknownProperty;

    fn from_str(text: &str) -> Result<Self, UnknownProperty> {
        text.split_once('.')
            .and_then(|(class, name)| Class::named(class)?.property(name))
            .ok_or_else(|| UnknownProperty(text.to_owned()))
    }
}

impl TryFrom<String> for Property {
    type Error = UnknownProperty;

    fn try_from(text: String) -> Result<Self, UnknownProperty> {
        text.parse()
    }
}

impl From<Property> for String {
    fn from(property: Property) -> Self {
        property.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Query};

    #[test]
    fn tables_of_the_catalogue_are_in_the_order_of_their_enums() {
        for (index, info) in CLASSES.iter().enumerate() {
            assert_eq!(info.class as usize, index, "{}", info.name);
        }
        for (index, info) in PROPERTIES.iter().enumerate() {
            assert_eq!(info.property as usize, index, "{}", info.name);
        }
        assert!(PROPERTIES.is_sorted_by_key(|info| info.class));
    }

    #[test]
    fn a_property_reads_back_from_its_document_name() {
        for info in &PROPERTIES {
            assert_eq!(info.property.to_string().parse(), Ok(info.property));
        }
        assert!("disks.platform".parse::<Property>().is_err());
    }

    #[test]
    fn every_example_is_a_query() {
        for info in &PROPERTIES {
            let query = Query::parse(info.example, &Limits::default()).unwrap();
            assert!(query.touched_classes().contains(&info.class), "{}", info.example);
        }
    }
}
