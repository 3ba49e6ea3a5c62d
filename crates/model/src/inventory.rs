//! The inventory catalogue: the classes and properties that facts have and queries ask for, with their types, columns and
//! descriptions.
//!
//! It is data (`inventory/classes.rs`). The facts on the wire, their tables, the type checker of queries and what becomes of
//! them in SQL, the description of the API, `dray device show` and `docs/inventory.md` all follow it. To add a property: its
//! line there, its column in a migration of `dray-store`, and its value in the agent's `facts.rs`.

mod classes;
mod name;
mod reference;

use std::fmt;

use serde::Serialize;

use classes::CLASSES;
pub use name::{UnknownClass, UnknownProperty};
pub use reference::reference;

/// A class of the inventory: the device itself, or one of its lists. Documents have its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(u8);

/// A property of a class. Documents have its name, as `class.name`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Property {
    class: Class,
    place: u8,
}

/// How a property's values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Text, byte by byte.
    Text,
    /// A whole number from 0 to 9223372036854775807; larger facts count as the largest.
    Integer,
    /// Text in the order of versions.
    Version,
    /// An IP address, compared as an address: equality and networks only.
    Ip,
}

/// What the catalogue says of a class.
#[derive(Debug, Clone, Copy)]
pub struct ClassInfo {
    /// Its name in facts and queries.
    pub name: &'static str,
    /// Its table in the database.
    pub table: &'static str,
    /// Most rows that one device may have; one for the device itself, more for lists.
    pub rows_max: usize,
    /// One sentence for people.
    pub description: &'static str,
    properties: &'static [PropertyInfo],
}

/// What the catalogue says of a property.
#[derive(Debug, Clone, Copy)]
pub struct PropertyInfo {
    /// Its name in facts and queries, and its column in the class's table.
    pub name: &'static str,
    /// How its values compare.
    pub kind: Kind,
    /// Whether devices report it. The other is the device's name, which the site gave.
    pub is_fact: bool,
    /// One sentence for people.
    pub description: &'static str,
    /// A condition that uses it.
    pub example: &'static str,
}

/// A class by its name, which the compiler looks up.
#[macro_export]
macro_rules! class {
    ($name:literal) => {
        const { $crate::inventory::Class::known($name) }
    };
}

/// A property by its class and name, `"disks.mount"`, which the compiler looks up.
#[macro_export]
macro_rules! property {
    ($name:literal) => {
        const { $crate::inventory::Property::known($name) }
    };
}

impl Class {
    /// The device itself.
    pub const DEVICE: Self = Self::known("device");

    /// Every class, in the order of the documentation.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        (0..CLASSES.len()).map(Self::at)
    }

    /// What the catalogue says of it.
    #[must_use]
    pub const fn info(self) -> &'static ClassInfo {
        &CLASSES[self.0 as usize]
    }

    /// Its place in the catalogue, which stays the same forever.
    #[must_use]
    pub const fn place(self) -> usize {
        self.0 as usize
    }

    /// Whether a device may have several rows of it.
    #[must_use]
    pub const fn is_list(self) -> bool {
        self.info().rows_max > 1
    }

    /// Its properties.
    pub fn properties(self) -> impl DoubleEndedIterator<Item = Property> + ExactSizeIterator {
        (0..self.info().properties.len()).map(move |place| Property::at(self, place))
    }

    /// Its properties that devices report.
    pub fn facts(self) -> impl DoubleEndedIterator<Item = Property> {
        self.properties().filter(|property| property.info().is_fact)
    }

    #[expect(clippy::cast_possible_truncation, reason = "a test counts the classes")]
    const fn at(place: usize) -> Self {
        Self(place as u8)
    }
}

impl Property {
    /// The device's name, which the site gave.
    pub const DEVICE_NAME: Self = Self::known("device.name");

    /// The class that it belongs to.
    #[must_use]
    pub const fn class(self) -> Class {
        self.class
    }

    /// What the catalogue says of it.
    #[must_use]
    pub const fn info(self) -> &'static PropertyInfo {
        &self.class.info().properties[self.place as usize]
    }

    /// How its values compare.
    #[must_use]
    pub const fn kind(self) -> Kind {
        self.info().kind
    }

    /// Its place in its class, which stays the same forever.
    #[must_use]
    pub const fn place(self) -> usize {
        self.place as usize
    }

    #[expect(clippy::cast_possible_truncation, reason = "a test counts the properties")]
    const fn at(class: Class, place: usize) -> Self {
        Self { class, place: place as u8 }
    }
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
            Self::Text => "a string",
            Self::Integer => "a number",
            Self::Version => "a version",
            Self::Ip => "an IP address",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_classes_fit_a_number_and_places_a_byte() {
        assert!(Class::all().len() < 63);
        assert!(Class::all().all(|class| class.properties().len() <= usize::from(u8::MAX)));
    }

    #[test]
    fn names_are_columns_and_none_stands_twice() {
        let is_column = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let mut classes = std::collections::BTreeSet::new();
        for class in Class::all() {
            assert!(is_column(class.info().table) && classes.insert(class.info().name), "{class}");
            let names: std::collections::BTreeSet<_> = class.properties().map(|p| p.info().name).collect();
            assert_eq!(names.len(), class.properties().len(), "{class}");
            for taken in ["device_id", "place", "taken_at", "digests"] {
                assert!(!names.contains(taken), "{class}.{taken} is a column of the store");
            }
            for name in names {
                assert!(is_column(name) && !name.ends_with("_key"), "{class}.{name}");
            }
        }
    }

    #[test]
    fn only_the_devices_name_is_no_fact() {
        let given: Vec<_> = Class::all().flat_map(Class::properties).filter(|p| !p.info().is_fact).collect();
        assert_eq!(given, [Property::DEVICE_NAME]);
    }
}
