//! The device's facts: what the computer is, has and holds, taken afresh from the system each time.
//!
//! Each kind of fact has a file here that reads one source and refuses nothing: what can't be read is absent, and an
//! absent fact makes a comparison false. Lists are bounded by the inventory catalogue, texts by [`Limits`].
//! To add a fact: its line in `dray_model::inventory`, its column in a migration of `dray-store`, its value here.

mod addresses;
mod disks;
mod dpkg;
mod limits;
mod memory;
mod os_release;
mod rpm;

use dray_model::facts::{Facts, Table, Value};
use dray_model::inventory::Class;
use dray_model::{class, property};

pub use limits::Limits;

/// Takes the facts; reads files and may start `rpm`, so it blocks for up to some seconds.
#[must_use]
pub fn take(limits: &Limits) -> Facts {
    let software = dpkg::installed(limits).or_else(|| rpm::installed(limits));
    Facts::default()
        .with(device())
        .with(disks::mounted())
        .with(addresses::all())
        .with(software.unwrap_or_else(|| Table::new(class!("software"))))
}

fn device() -> Table {
    let os = os_release::read();
    let processors = std::thread::available_parallelism().ok().and_then(|number| u32::try_from(number.get()).ok());
    let mut device = Table::new(Class::DEVICE);
    device.push([
        (property!("device.platform"), Some(std::env::consts::OS.into())),
        (property!("device.os_name"), os.id.map(Value::from)),
        (property!("device.os_version"), os.version_id.map(Value::from)),
        (property!("device.architecture"), Some(std::env::consts::ARCH.into())),
        (property!("device.host_name"), Some(host_name().into())),
        (property!("device.memory_bytes"), memory::bytes().map(Value::from)),
        (property!("device.processors"), processors.map(Value::from)),
        (property!("device.agent_version"), Some(env!("CARGO_PKG_VERSION").into())),
    ]);
    device
}

/// Names and versions of packages as facts, in a fixed order and each pair once.
fn software(mut found: Vec<(String, String)>) -> Table {
    found.sort();
    found.dedup();
    let mut software = Table::new(class!("software"));
    for (name, version) in found {
        software.push([
            (property!("software.name"), Some(name.into())),
            (property!("software.version"), Some(version.into())),
        ]);
    }
    software
}

/// The host's name without its domain.
#[must_use]
pub fn host_name() -> String {
    let name = crate::platform::host_name();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// A text of the system as a fact: bounded, without control characters.
fn clean(text: &str, limits: &Limits) -> String {
    text.chars().filter(|c| !c.is_control()).take(limits.text_characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_computer_has_facts() {
        let facts = take(&Limits::default());
        let device = facts.device();
        assert_eq!(device.text(property!("device.platform")), Some(std::env::consts::OS));
        let host_name = device.text(property!("device.host_name")).unwrap();
        assert!(!host_name.is_empty() && !host_name.contains('.'));
        assert!(device.integer(property!("device.processors")).unwrap() >= 1);
        assert!(device.integer(property!("device.memory_bytes")).unwrap() > 1 << 20);
    }

    #[test]
    fn packages_are_in_a_fixed_order_and_stand_once() {
        let found = [("vim", "9"), ("bash", "5"), ("vim", "9"), ("vim", "8")];
        let software = software(found.map(|(name, version)| (name.into(), version.into())).to_vec());
        let rows =
            software.rows().map(|row| row.known().map(|(_, value)| value.as_text().unwrap()).collect::<Vec<_>>());
        assert_eq!(rows.collect::<Vec<_>>(), [["bash", "5"], ["vim", "8"], ["vim", "9"]]);
    }
}
