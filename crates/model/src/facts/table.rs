//! The rows of one class. Values stand row by row in one list, so that thousands of rows cost little.

use super::Value;
use crate::inventory::{Class, Property};

/// The rows of a class in the order in which they were reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    class: Class,
    /// As many for each row as the class has properties.
    values: Vec<Option<Value>>,
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    class: Class,
    /// Empty when nothing was reported.
    values: &'a [Option<Value>],
}

impl Table {
    /// Of a class, without rows.
    #[must_use]
    pub const fn new(class: Class) -> Self {
        Self { class, values: Vec::new() }
    }

    /// The class.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.width()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The rows.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = Row<'_>> + ExactSizeIterator {
        self.values.chunks_exact(self.width()).map(|values| Row { class: self.class, values })
    }

    /// Adds a row of these values. The device has one row, which keeps the values that aren't given here.
    pub fn push(&mut self, values: impl IntoIterator<Item = (Property, Option<Value>)>) {
        self.begin_row();
        for (property, value) in values {
            if let Some(value) = value {
                self.put(property, value);
            }
        }
    }

    /// The same with another row.
    #[must_use]
    pub fn with<const N: usize>(mut self, values: [(Property, Value); N]) -> Self {
        self.push(values.map(|(property, value)| (property, Some(value))));
        self
    }

    /// Adds a row without values.
    pub(super) fn begin_row(&mut self) {
        if self.class.is_list() || self.values.is_empty() {
            self.values.resize(self.values.len() + self.width(), None);
        }
    }

    /// Puts a value into the last row. What doesn't fit the catalogue is left out.
    pub(super) fn put(&mut self, property: Property, value: Value) {
        let is_mine = property.class() == self.class && property.info().is_fact;
        let fitted = value.fitted(property.kind()).filter(|_| is_mine);
        debug_assert!(
            fitted.is_some(),
            "{property} is not a property of {}, or is not {}",
            self.class,
            property.kind()
        );
        let row = self.values.len().saturating_sub(self.width());
        if let Some(slot) = self.values.get_mut(row + property.place()).filter(|_| is_mine) {
            *slot = fitted;
        }
    }

    /// The first row, or one without values.
    pub(super) fn row(&self) -> Row<'_> {
        Row { class: self.class, values: &self.values[..self.width().min(self.values.len())] }
    }

    fn width(&self) -> usize {
        self.class.properties().len()
    }
}

impl<'a> Row<'a> {
    /// The class.
    #[must_use]
    pub const fn class(self) -> Class {
        self.class
    }

    /// What is known of the property; nothing of one that belongs to another class.
    #[must_use]
    pub fn get(self, property: Property) -> Option<&'a Value> {
        if property.class() != self.class {
            return None;
        }
        self.values.get(property.place())?.as_ref()
    }

    /// All known values, in the order of the catalogue.
    pub fn known(self) -> impl Iterator<Item = (Property, &'a Value)> {
        self.class.properties().zip(self.values).filter_map(|(property, value)| Some((property, value.as_ref()?)))
    }

    /// The text of a property.
    #[must_use]
    pub fn text(self, property: Property) -> Option<&'a str> {
        self.get(property)?.as_text()
    }

    /// The number of a property.
    #[must_use]
    pub fn integer(self, property: Property) -> Option<i64> {
        self.get(property)?.as_integer()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{class, property};

    #[test]
    fn rows_keep_their_order_and_what_is_not_known_is_absent() {
        let mut disks = Table::new(class!("disks"));
        assert!(disks.is_empty());
        disks.push([(property!("disks.mount"), Some("/".into())), (property!("disks.free_bytes"), None)]);
        disks.push([(property!("disks.free_bytes"), Some(7_u64.into()))]);
        assert_eq!(disks.len(), 2);
        let mounts: Vec<_> = disks.rows().map(|row| row.text(property!("disks.mount"))).collect();
        let free: Vec<_> = disks.rows().map(|row| row.integer(property!("disks.free_bytes"))).collect();
        assert_eq!((mounts, free), (vec![Some("/"), None], vec![None, Some(7)]));
        assert_eq!(disks.row().get(property!("software.name")), None);
    }

    #[test]
    fn the_device_has_one_row() {
        let mut device = Table::new(Class::DEVICE);
        device.push([(property!("device.platform"), Some("linux".into()))]);
        device.push([(property!("device.os_name"), Some("debian".into()))]);
        let known: Vec<_> = device.row().known().map(|(property, _)| property.info().name).collect();
        assert_eq!((device.len(), known), (1, vec!["platform", "os_name"]));
    }
}
