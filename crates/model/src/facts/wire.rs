//! Facts in JSON: `{"device": {"platform": "linux"}, "disks": [{"mount": "/", "size_bytes": 100}]}`.
//!
//! Older and newer programs read each other's: a class or property that isn't in this catalogue is skipped, one that is missing
//! is unknown. A known property with a value of another kind is refused.

use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Facts, Row, Table, Value};
use crate::inventory::{Class, Kind, Property};

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for table in self.tables().filter(|table| !table.is_empty()) {
            map.serialize_entry(table.class().info().name, table)?;
        }
        map.end()
    }
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.class().is_list() {
            return self.row().serialize(serializer);
        }
        let mut rows = serializer.serialize_seq(Some(self.len()))?;
        for row in self.rows() {
            rows.serialize_element(&row)?;
        }
        rows.end()
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (property, value) in self.known() {
            map.serialize_entry(property.info().name, value)?;
        }
        map.end()
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Facts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Tables)
    }
}

/// Reads all classes.
struct Tables;

impl<'de> Visitor<'de> for Tables {
    type Value = Facts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("facts by class")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Facts, A::Error> {
        let mut facts = Facts::default();
        while let Some(class) = map.next_key_seed(Known(Class::named))? {
            let Some(class) = class else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if !facts.table(class).is_empty() {
                return Err(A::Error::custom(format_args!("the class {class} appears twice")));
            }
            let mut table = Table::new(class);
            if class.is_list() {
                map.next_value_seed(Rows(&mut table))?;
            } else {
                map.next_value_seed(OneRow(&mut table))?;
            }
            facts.set(table);
        }
        Ok(facts)
    }
}

/// Reads a name as what the catalogue has of it.
struct Known<F>(F);

impl<'de, T, F: FnOnce(&str) -> Option<T>> DeserializeSeed<'de> for Known<F> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<T, F: FnOnce(&str) -> Option<T>> Visitor<'_> for Known<F> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<T>, E> {
        Ok((self.0)(name))
    }
}

/// Reads a list of rows.
struct Rows<'a>(&'a mut Table);

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of {}", self.0.class())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while rows.next_element_seed(OneRow(self.0))?.is_some() {}
        Ok(())
    }
}

/// Reads one more row.
struct OneRow<'a>(&'a mut Table);

impl<'de> DeserializeSeed<'de> for OneRow<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for OneRow<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a row of {} by property", self.0.class())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let table = self.0;
        table.begin_row();
        let class = table.class();
        let known = |name: &str| class.property(name).filter(|property| property.info().is_fact);
        while let Some(property) = map.next_key_seed(Known(known))? {
            let Some(property) = property else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if let Some(value) = map.next_value_seed(OneValue(property))? {
                table.put(property, value);
            }
        }
        Ok(())
    }
}

/// Reads the value of a property; null is unknown.
struct OneValue(Property);

impl<'de> DeserializeSeed<'de> for OneValue {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Value>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for OneValue {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.0.kind() == Kind::Integer { "a non-negative whole number" } else { "a text" };
        write!(f, "{kind} for {}", self.0)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Option<Value>, E> {
        match self.0.kind() {
            Kind::Integer => Ok(Some(number.into())),
            _ => Err(E::invalid_type(Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<Value>, E> {
        match self.0.kind() {
            Kind::Integer => Err(E::invalid_type(Unexpected::Str(text), &self)),
            _ => Ok(Some(text.into())),
        }
    }

    fn visit_unit<E>(self) -> Result<Option<Value>, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
