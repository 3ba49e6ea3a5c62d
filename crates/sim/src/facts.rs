//! What a simulated device says of itself: a plausible computer, the same each time for the same seed and number.

use dray_model::facts::{Facts, Table};
use dray_model::inventory::Class;
use dray_model::{class, property};

use crate::random::Random;

/// Packages that each device has installed.
pub const SOFTWARE: usize = 20;
/// Processors of a device that stands out, see [`Variation::marked`]. No other device has so many.
pub const MARKED_PROCESSORS: u32 = 128;
/// Packages that there are; each device has [`SOFTWARE`] of them.
const POOL: u32 = 400;
/// Free space comes in such steps, as an agent rounds it.
const STEP_BYTES: u64 = 64 << 20;

const SYSTEMS: [(&str, &str); 4] = [("debian", "12"), ("debian", "13"), ("ubuntu", "24.04"), ("fedora", "42")];

/// How a device's facts differ from those that it began with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Variation {
    /// How often its free space has changed.
    pub round: u32,
    /// Whether it has [`MARKED_PROCESSORS`] processors, by which a collection can find it.
    pub marked: bool,
}

/// Host name of the device with this number.
#[must_use]
pub fn host_name(number: u32) -> String {
    format!("sim-{number:06}")
}

/// Facts of the device with this number.
#[must_use]
pub fn facts(seed: u64, number: u32, variation: Variation) -> Facts {
    let mut random = Random::of(seed, number);
    let (os_name, os_version) = *random.pick(&SYSTEMS);
    let processors = *random.pick(&[2, 4, 8, 16, 32]);
    let architecture = *random.pick(&["x86_64", "x86_64", "x86_64", "aarch64"]);
    let memory_bytes = u64::from(*random.pick(&[8_u32, 16, 32, 64])) << 30;
    let mut device = Table::new(Class::DEVICE);
    device.push([
        (property!("device.platform"), Some("linux".into())),
        (property!("device.os_name"), Some(os_name.into())),
        (property!("device.os_version"), Some(os_version.into())),
        (property!("device.architecture"), Some(architecture.into())),
        (property!("device.host_name"), Some(host_name(number).into())),
        (property!("device.memory_bytes"), Some(memory_bytes.into())),
        (property!("device.processors"), Some(if variation.marked { MARKED_PROCESSORS } else { processors }.into())),
        (property!("device.agent_version"), Some(env!("CARGO_PKG_VERSION").into())),
    ]);
    let disks = disks(&mut random, variation.round);
    Facts::default().with(device).with(disks).with(addresses(number)).with(software(&mut random))
}

fn disks(random: &mut Random, round: u32) -> Table {
    let mut disks = Table::new(class!("disks"));
    for (mount, size_gib) in [("/", 128_u64), ("/home", 512)] {
        let steps = size_gib * 16;
        let free = u64::from(random.below(1000)) + u64::from(round);
        disks.push([
            (property!("disks.mount"), Some(mount.into())),
            (property!("disks.size_bytes"), Some((size_gib << 30).into())),
            (property!("disks.free_bytes"), Some((free % steps * STEP_BYTES).into())),
        ]);
    }
    disks
}

fn addresses(number: u32) -> Table {
    let [_, high, middle, low] = number.to_be_bytes();
    let mut addresses = Table::new(class!("addresses"));
    for (ip, prefix) in
        [(format!("10.{high}.{middle}.{low}"), 8_u32), (format!("fd00::{high:x}:{middle:x}:{low:x}"), 64)]
    {
        addresses.push([
            (property!("addresses.interface"), Some("eth0".into())),
            (property!("addresses.ip"), Some(ip.into())),
            (property!("addresses.prefix"), Some(prefix.into())),
        ]);
    }
    addresses
}

fn software(random: &mut Random) -> Table {
    let first = random.below(POOL);
    // Odd, and not a multiple of 5, so coprime to the pool: no package comes twice.
    let stride = *random.pick(&[1, 3, 7, 9, 11, 13, 17, 19, 21, 23]);
    let installed = u32::try_from(SOFTWARE).expect("20 fits");
    let places = (0..installed).map(|place| (first + place * stride) % POOL);
    let mut software = Table::new(class!("software"));
    for place in places {
        let version = format!("{}.{}.{}-1", 1 + place % 9, place % 23, random.below(4));
        software.push([
            (property!("software.name"), Some(format!("lib-{place:03}").into())),
            (property!("software.version"), Some(version.into())),
        ]);
    }
    software
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_device_says_the_same_of_itself_each_time() {
        let plain = Variation::default();
        assert_eq!(facts(1, 7, plain), facts(1, 7, plain));
        assert_ne!(facts(1, 7, plain), facts(2, 7, plain));
        let addresses = |number| facts(1, number, plain).table(class!("addresses")).clone();
        assert_ne!(addresses(7), addresses(8));
    }

    #[test]
    fn no_package_is_installed_twice() {
        for number in 0..500 {
            let facts = facts(1, number, Variation::default());
            let rows = facts.table(class!("software")).rows();
            let names: BTreeSet<_> = rows.map(|row| row.text(property!("software.name")).unwrap().to_owned()).collect();
            assert_eq!(names.len(), SOFTWARE);
        }
    }

    #[test]
    fn a_round_changes_the_disks_alone_and_a_mark_the_processors_alone() {
        for number in 0..500 {
            let before = facts(1, number, Variation::default());
            let mut later = facts(1, number, Variation { round: 1, marked: false });
            assert_ne!(before.table(class!("disks")), later.table(class!("disks")));
            later.set(before.table(class!("disks")).clone());
            assert_eq!(before, later);
            let mut marked = facts(1, number, Variation { round: 0, marked: true });
            let processors = |facts: &Facts| facts.device().integer(property!("device.processors")).unwrap();
            assert!(processors(&before) < i64::from(MARKED_PROCESSORS));
            assert_eq!(processors(&marked), i64::from(MARKED_PROCESSORS));
            marked.set(before.table(Class::DEVICE).clone());
            assert_eq!(before, marked);
        }
    }
}
