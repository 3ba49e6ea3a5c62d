//! Digests of a device's facts, one for each class, kept side by side in one column.
//!
//! A digest is that of known values with the places of their properties: a property or a class that comes new into the catalogue
//! changes no digest of a device that doesn't report it.

use dray_model::Digest;
use dray_model::facts::{Facts, Table, Value};
use dray_model::inventory::Class;

const DIGEST_BYTES: usize = 32;
/// Ends a row; no property has this place.
const ROW_END: u8 = u8::MAX;

/// Digests of a device's facts by class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactDigests(Vec<Digest>);

impl FactDigests {
    /// Of these facts; the order of rows counts.
    #[must_use]
    pub fn of(facts: &Facts) -> Self {
        Self(facts.tables().map(of_table).collect())
    }

    /// Of a class; a class that wasn't known when these were made had no rows.
    pub(super) fn get(&self, class: Class) -> Digest {
        self.0.get(class.place()).copied().unwrap_or_else(Self::nothing)
    }

    /// Of a class without rows.
    pub(super) fn nothing() -> Digest {
        Digest::of(&[])
    }

    /// As they are kept.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|digest| *digest.as_bytes()).collect()
    }

    /// Out of what is kept; none when it isn't a row of digests.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let digests = bytes.chunks(DIGEST_BYTES).map(Digest::try_from);
        digests.collect::<Result<_, _>>().ok().map(Self)
    }
}

fn of_table(table: &Table) -> Digest {
    let mut bytes = Vec::with_capacity(table.len() * 64);
    for row in table.rows() {
        for (property, value) in row.known() {
            bytes.extend_from_slice(&property.place().to_le_bytes()[..1]);
            match value {
                Value::Integer(number) => bytes.extend_from_slice(&number.to_le_bytes()),
                Value::Text(text) => {
                    bytes.extend_from_slice(&text.len().to_le_bytes());
                    bytes.extend_from_slice(text.as_bytes());
                }
            }
        }
        bytes.push(ROW_END);
    }
    Digest::of(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dray_model::{class, property};

    fn names(names: &[Option<&str>]) -> FactDigests {
        let mut software = Table::new(class!("software"));
        for name in names {
            software.push([(property!("software.name"), name.map(Value::from))]);
        }
        FactDigests::of(&Facts::default().with(software))
    }

    #[test]
    fn rows_their_order_and_what_is_unknown_count() {
        let all = [
            names(&[]),
            names(&[None]),
            names(&[Some("")]),
            names(&[Some("a"), Some("b")]),
            names(&[Some("b"), Some("a")]),
            names(&[Some("ab")]),
            names(&[Some("a"), None, Some("b")]),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all[at + 1..].iter().all(|other| one.get(class!("software")) != other.get(class!("software"))));
            assert_eq!(FactDigests::from_bytes(&one.to_bytes()).as_ref(), Some(one));
        }
        assert_eq!(all[0].get(class!("software")), FactDigests::nothing());
    }

    #[test]
    fn a_class_that_was_not_known_had_no_rows() {
        let older = FactDigests::from_bytes(&names(&[]).to_bytes()[..DIGEST_BYTES]).unwrap();
        assert_eq!(older.get(class!("software")), FactDigests::nothing());
        assert_eq!(FactDigests::from_bytes(&[1, 2, 3]), None);
    }
}
