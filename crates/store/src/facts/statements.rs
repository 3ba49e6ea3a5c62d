//! The SQL of facts, made from the catalogue. Names in it come from there; values are parameters.

use std::fmt::Write as _;
use std::sync::LazyLock;

use dray_model::inventory::Class;

use crate::db::Engine;

/// What reads a class, in the order of the catalogue. `$1` is the device.
pub(super) static READ: LazyLock<Vec<String>> = LazyLock::new(|| Class::all().map(read).collect());

/// Puts the rows of devices themselves in place of those kept, where the device is enrolled and its kept digests are the expected
/// ones. Returns the devices whose row it wrote.
pub(super) static REPLACE_DEVICES: LazyLock<String> = LazyLock::new(replace_devices);

/// For each list removes the rows of devices (`$1`, `$3`, …) and adds rows (`$2`, `$4`, …): all in one go where the engine can.
pub(super) static REPLACE_LISTS: LazyLock<String> = LazyLock::new(|| {
    let statements = lists().enumerate().flat_map(|(at, list)| [remove(list, 2 * at + 1), add(list, 2 * at + 2)]);
    statements.collect::<Vec<_>>().join("; ")
});

/// The same one by one, each with its parameter as `$1`.
pub(super) static REPLACE_LIST: LazyLock<Vec<[String; 2]>> =
    LazyLock::new(|| lists().map(|list| [remove(list, 1), add(list, 1)]).collect());

/// The classes of which a device may have several rows.
pub(super) fn lists() -> impl Iterator<Item = Class> {
    Class::all().filter(|class| class.is_list())
}

/// Whether the engine takes several statements with one set of parameters.
pub(super) const fn takes_several(engine: Engine) -> bool {
    matches!(engine, Engine::Sqlite)
}

fn read(class: Class) -> String {
    let (names, table) = (names(class, false), class.info().table);
    let order = if class.is_list() { " ORDER BY place" } else { "" };
    format!("SELECT device_id{names} FROM {table} WHERE device_id = $1{order}")
}

fn remove(class: Class, parameter: usize) -> String {
    let table = class.info().table;
    format!(
        "DELETE FROM {table} WHERE device_id IN (SELECT CAST(e.value ->> 0 AS BIGINT) FROM EACH(${parameter}) AS e)"
    )
}

fn add(class: Class, parameter: usize) -> String {
    let (names, table, values) = (names(class, true), class.info().table, values(class));
    format!(
        "INSERT INTO {table} (device_id, place{names}) SELECT CAST(e.value -> 0 ->> 0 AS BIGINT), \
         CAST(e.value -> 0 ->> 1 AS BIGINT){values} FROM EACH(${parameter}) AS e"
    )
}

fn replace_devices() -> String {
    let class = Class::DEVICE;
    let (names, table, values) = (names(class, true), class.info().table, values(class));
    let mut updates = String::new();
    for name in names.split(", ").skip(1) {
        let _ = write!(updates, ", {name} = excluded.{name}");
    }
    format!(
        "INSERT INTO {table} (device_id, taken_at, digests{names}) \
         SELECT d.id, CAST(e.value -> 0 ->> 1 AS BIGINT), unhex(e.value -> 0 ->> 2){values} FROM EACH($1) AS e \
         JOIN device AS d ON d.id = CAST(e.value -> 0 ->> 0 AS BIGINT) LEFT JOIN {table} AS f ON f.device_id = d.id \
         WHERE d.revoked_at IS NULL AND f.digests IS NOT DISTINCT FROM unhex(e.value -> 0 ->> 3) \
         ON CONFLICT (device_id) DO UPDATE SET taken_at = excluded.taken_at, digests = excluded.digests{updates} \
         RETURNING device_id"
    )
}

/// Columns of the class's facts, each with a comma before it.
fn names(class: Class, with_keys: bool) -> String {
    let mut names = String::new();
    for property in class.facts() {
        let name = property.info().name;
        let _ = write!(names, ", {name}");
        if with_keys && property.kind().has_key() {
            let _ = write!(names, ", {name}_key");
        }
    }
    names
}

/// Their values in a line of a bulk parameter, whose head is its first element.
fn values(class: Class) -> String {
    let (mut values, mut at) = (String::new(), 1);
    for property in class.facts() {
        let _ = if property.kind().is_text() {
            write!(values, ", e.value ->> {at}")
        } else {
            write!(values, ", CAST(e.value ->> {at} AS BIGINT)")
        };
        if property.kind().has_key() {
            at += 1;
            let _ = write!(values, ", e.value ->> {at}");
        }
        at += 1;
    }
    values
}
