//! The device's facts: what the computer is, has and holds, taken afresh from the system each time.
//!
//! Each kind of fact has a file here that reads one source and refuses nothing: what can't be read is absent, and an
//! absent fact makes a comparison false. Lists are bounded by [`Limits`].
//! To add a fact: its field in `dray_model::facts`, its property in the catalogue of `dray-query`, its reader here.

mod addresses;
mod disks;
mod dpkg;
mod limits;
mod memory;
mod os_release;
mod rpm;

use dray_model::facts::Facts;

pub use limits::Limits;

/// Takes the facts; reads files and may start `rpm`, so it blocks for up to some seconds.
#[must_use]
pub fn take(limits: &Limits) -> Facts {
    let os = os_release::read();
    Facts {
        platform: std::env::consts::OS.to_owned(),
        os_name: os.id,
        os_version: os.version_id,
        architecture: std::env::consts::ARCH.to_owned(),
        host_name: host_name(),
        memory_bytes: memory::bytes(),
        processors: std::thread::available_parallelism().ok().and_then(|n| u32::try_from(n.get()).ok()),
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        disks: disks::mounted(limits.disks),
        addresses: addresses::all(limits.addresses),
        software: dpkg::installed(limits).or_else(|| rpm::installed(limits)).unwrap_or_default(),
    }
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
        assert_eq!(facts.platform, std::env::consts::OS);
        assert!(!facts.host_name.is_empty() && !facts.host_name.contains('.'));
        assert!(facts.processors.unwrap() >= 1);
        assert!(facts.memory_bytes.unwrap() > 1 << 20);
    }
}
