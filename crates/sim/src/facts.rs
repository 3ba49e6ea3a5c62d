//! What a simulated device says of itself: a plausible computer, the same each time for the same seed and number.

use dray_model::facts::{Address, Disk, Facts, Software};

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
    Facts {
        platform: "linux".to_owned(),
        os_name: Some(os_name.to_owned()),
        os_version: Some(os_version.to_owned()),
        architecture: (*random.pick(&["x86_64", "x86_64", "x86_64", "aarch64"])).to_owned(),
        host_name: host_name(number),
        memory_bytes: Some(u64::from(*random.pick(&[8_u32, 16, 32, 64])) << 30),
        processors: Some(if variation.marked { MARKED_PROCESSORS } else { processors }),
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        disks: disks(&mut random, variation.round),
        addresses: addresses(number),
        software: software(&mut random),
    }
}

fn disks(random: &mut Random, round: u32) -> Vec<Disk> {
    let mut disk = |mount: &str, size_gib: u64| {
        let steps = size_gib * 16;
        let free = u64::from(random.below(1000)) + u64::from(round);
        Disk { mount: mount.to_owned(), size_bytes: size_gib << 30, free_bytes: free % steps * STEP_BYTES }
    };
    vec![disk("/", 128), disk("/home", 512)]
}

fn addresses(number: u32) -> Vec<Address> {
    let [_, high, middle, low] = number.to_be_bytes();
    vec![
        Address { interface: "eth0".to_owned(), ip: format!("10.{high}.{middle}.{low}"), prefix: 8 },
        Address { interface: "eth0".to_owned(), ip: format!("fd00::{high:x}:{middle:x}:{low:x}"), prefix: 64 },
    ]
}

fn software(random: &mut Random) -> Vec<Software> {
    let first = random.below(POOL);
    // Odd, and not a multiple of 5, so coprime to the pool: no package comes twice.
    let stride = *random.pick(&[1, 3, 7, 9, 11, 13, 17, 19, 21, 23]);
    let installed = u32::try_from(SOFTWARE).expect("20 fits");
    let places = (0..installed).map(|place| (first + place * stride) % POOL);
    places
        .map(|place| Software {
            name: format!("lib-{place:03}"),
            version: format!("{}.{}.{}-1", 1 + place % 9, place % 23, random.below(4)),
        })
        .collect()
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
        assert_ne!(facts(1, 7, plain).addresses, facts(1, 8, plain).addresses);
    }

    #[test]
    fn no_package_is_installed_twice() {
        for number in 0..500 {
            let facts = facts(1, number, Variation::default());
            let names: BTreeSet<_> = facts.software.iter().map(|software| &software.name).collect();
            assert_eq!(names.len(), SOFTWARE);
        }
    }

    #[test]
    fn a_round_changes_the_disks_alone_and_a_mark_the_processors_alone() {
        for number in 0..500 {
            let before = facts(1, number, Variation::default());
            let mut later = facts(1, number, Variation { round: 1, marked: false });
            assert_ne!(before.disks, later.disks);
            later.disks.clone_from(&before.disks);
            assert_eq!(before, later);
            let mut marked = facts(1, number, Variation { round: 0, marked: true });
            assert!(before.processors < Some(MARKED_PROCESSORS) && marked.processors == Some(MARKED_PROCESSORS));
            marked.processors = before.processors;
            assert_eq!(before, marked);
        }
    }
}
