//! A device's facts as `dray device show` has them: a line for each property of the device and for each row of a list, by the
//! inventory catalogue.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use dray_model::facts::{Facts, Row, Table, Value};
use dray_model::inventory::{Class, Property};

use crate::output::{Fields, bytes, count};

/// A list with more rows is only counted; `--output json` has them all.
const ROWS_SHOWN_MAX: usize = 20;
/// Ends the names of properties that are sizes.
const SIZE: &str = "_bytes";

/// Names of properties for people.
static LABELS: LazyLock<BTreeMap<Property, String>> = LazyLock::new(|| {
    let label = |property: Property| {
        let name = property.info().name;
        name.strip_suffix(SIZE).unwrap_or(name).replace('_', " ")
    };
    Class::all().flat_map(Class::properties).map(|property| (property, label(property))).collect()
});

/// All that is known.
pub(super) fn fields(facts: &Facts) -> Fields {
    let device = facts.device().known().map(|(property, value)| (LABELS[&property].as_str(), shown(property, value)));
    let lists = facts.tables().filter(|table| table.class().is_list());
    device.chain(lists.map(|table| (table.class().info().name, rows(table)))).collect()
}

fn rows(table: &Table) -> String {
    match table.len() {
        0 => "none".to_owned(),
        1..=ROWS_SHOWN_MAX => table.rows().map(row).collect::<Vec<_>>().join("\n"),
        rows => count(rows as u64, "row"),
    }
}

/// Like `/, size 100 GB, free 50 GB`.
fn row(row: Row<'_>) -> String {
    let first = row.class().facts().next();
    let parts = row.known().map(|(property, value)| match shown(property, value) {
        shown if Some(property) == first => shown,
        shown => format!("{} {shown}", LABELS[&property]),
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn shown(property: Property, value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) if property.info().name.ends_with(SIZE) => bytes(number.unsigned_abs()),
        Value::Integer(number) => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dray_model::{class, property};

    #[test]
    fn what_is_known_is_shown_and_a_long_list_is_counted() {
        let device = Table::new(Class::DEVICE).with([
            (property!("device.os_name"), "debian".into()),
            (property!("device.memory_bytes"), 8_000_000_000_u64.into()),
            (property!("device.processors"), 4_u32.into()),
        ]);
        let disks = Table::new(class!("disks"))
            .with([(property!("disks.mount"), "/".into()), (property!("disks.free_bytes"), 2_000_000_000_u64.into())])
            .with([(property!("disks.size_bytes"), 1_000_000_000_u64.into())]);
        let mut software = Table::new(class!("software"));
        (0..=ROWS_SHOWN_MAX).for_each(|_| software.push([]));
        let fields = fields(&Facts::default().with(device).with(disks).with(software));
        let expected = [
            ("os name", "debian".to_owned()),
            ("memory", bytes(8_000_000_000)),
            ("processors", "4".to_owned()),
            ("disks", format!("/, free {}\nsize {}", bytes(2_000_000_000), bytes(1_000_000_000))),
            ("addresses", "none".to_owned()),
            ("software", "21 rows".to_owned()),
        ];
        assert_eq!(fields, expected);
    }
}
