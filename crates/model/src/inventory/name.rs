//! Names of classes and properties: `disks`, `disks.mount`. An unknown one is refused.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::classes::CLASSES;
use super::{Class, Property};

/// A text that names no class of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a class of the inventory catalogue")]
pub struct UnknownClass(String);

/// A text that names no property of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a property of the inventory catalogue")]
pub struct UnknownProperty(String);

impl Class {
    /// The class of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        CLASSES.iter().position(|info| info.name == name).map(Self::at)
    }

    /// Its property of this name.
    #[must_use]
    pub fn property(self, name: &str) -> Option<Property> {
        self.info().properties.iter().position(|info| info.name == name).map(|place| Property::at(self, place))
    }

    /// The class of this name, for [`crate::class!`].
    ///
    /// # Panics
    /// When there is none; in a constant, while it is compiled.
    #[must_use]
    pub const fn known(name: &str) -> Self {
        let mut place = 0;
        while place < CLASSES.len() {
            if is_at(CLASSES[place].name, name, 0, name.len()) {
                return Self::at(place);
            }
            place += 1;
        }
        panic!("not a class of the inventory catalogue")
    }
}

impl Property {
    /// The property of this name, for [`crate::property!`].
    ///
    /// # Panics
    /// When there is none; in a constant, while it is compiled.
    #[must_use]
    pub const fn known(name: &str) -> Self {
        let (mut at, bytes) = (0, name.as_bytes());
        while at < bytes.len() && bytes[at] != b'.' {
            at += 1;
        }
        let mut class = 0;
        while class < CLASSES.len() {
            let (info, mut place) = (&CLASSES[class], 0);
            while is_at(info.name, name, 0, at) && place < info.properties.len() {
                if at < bytes.len() && is_at(info.properties[place].name, name, at + 1, bytes.len()) {
                    return Self::at(Class::at(class), place);
                }
                place += 1;
            }
            class += 1;
        }
        panic!("not a property of the inventory catalogue")
    }
}

/// Whether `name` is what stands from `start` to `end` in `text`; comparing texts is not constant yet.
const fn is_at(name: &str, text: &str, start: usize, end: usize) -> bool {
    let (name, text, mut at) = (name.as_bytes(), text.as_bytes(), 0);
    if name.len() != end - start {
        return false;
    }
    while at < name.len() {
        if name[at] != text[start + at] {
            return false;
        }
        at += 1;
    }
    true
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.info().name)
    }
}

impl FromStr for Class {
    type Err = UnknownClass;

    fn from_str(text: &str) -> Result<Self, UnknownClass> {
        Self::named(text).ok_or_else(|| UnknownClass(text.to_owned()))
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.class(), self.info().name)
    }
}

impl FromStr for Property {
    type Err = UnknownProperty;

    fn from_str(text: &str) -> Result<Self, UnknownProperty> {
        text.split_once('.')
            .and_then(|(class, name)| Class::named(class)?.property(name))
            .ok_or_else(|| UnknownProperty(text.to_owned()))
    }
}

macro_rules! serde_by_name {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

serde_by_name!(Class);
serde_by_name!(Property);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_an_unknown_one_is_refused() {
        for class in Class::all() {
            assert_eq!(class.to_string().parse(), Ok(class));
            assert_eq!(Class::known(class.info().name), class);
            for property in class.properties() {
                assert_eq!(property.to_string().parse(), Ok(property));
                assert_eq!(Property::known(&property.to_string()), property);
            }
        }
        assert!("disks.platform".parse::<Property>().is_err());
        assert!("disk".parse::<Class>().is_err());
    }

    #[test]
    #[should_panic(expected = "not a property")]
    fn a_class_alone_is_no_property() {
        let _ = Property::known("device");
    }
}
