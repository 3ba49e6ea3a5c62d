//! The catalogue itself: one entry for each class, one line for each property.
//!
//! Places are kept in databases: a class's place is its bit and the place of its digest, a property's place is part of the
//! digest. So new classes go to the end, new properties to the end of their class, and none is ever renamed or taken out.

use super::Kind::{Integer, Ip, Text, Version};
use super::{ClassInfo, PropertyInfo};

pub(super) const CLASSES: &[ClassInfo] = &[
    ClassInfo {
        name: "device",
        table: "device_facts",
        rows_max: 1,
        description: "The device itself; its properties may be named without `device.`.",
        properties: &[
            given("name", Text, "The device's name in Dray.", r#"name.startsWith("kiosk-")"#),
            fact("platform", Text, "`linux`, `windows` or `macos`.", r#"platform == "linux""#),
            fact("os_name", Text, "The distribution or edition.", r#"os_name in ["debian", "ubuntu"]"#),
            fact("os_version", Version, "The system's version, as its vendor writes it.", r#"os_version >= "12""#),
            fact("architecture", Text, "Machine architecture: `x86_64`, `aarch64`.", r#"architecture == "aarch64""#),
            fact("host_name", Text, "Host name without its domain.", r#"host_name.endsWith("-lab")"#),
            fact("memory_bytes", Integer, "Physical memory in bytes.", "memory_bytes >= 8000000000"),
            fact("processors", Integer, "Processors available.", "processors >= 4"),
            fact("agent_version", Version, "Version of the Dray agent.", r#"agent_version < "1.4""#),
        ],
    },
    ClassInfo {
        name: "disks",
        table: "device_disk",
        rows_max: 256,
        description: "Mounted local file systems.",
        properties: &[
            fact("mount", Text, r"Where it is mounted: `/`, `C:\`.", r#"disks.exists(d, d.mount == "/")"#),
            fact("size_bytes", Integer, "Size in bytes.", "disks.exists(d, d.size_bytes > 1000000000000)"),
            fact("free_bytes", Integer, "Free space in steps of 64 MiB.", "disks.all(d, d.free_bytes > 1000000000)"),
        ],
    },
    ClassInfo {
        name: "addresses",
        table: "device_address",
        rows_max: 1024,
        description: "Network addresses, except loopback.",
        properties: &[
            fact("interface", Text, "The interface's name.", r#"addresses.exists(a, a.interface == "wlan0")"#),
            fact("ip", Ip, "IPv4 or IPv6 address.", r#"addresses.exists(a, inCidr(a.ip, "10.1.0.0/16"))"#),
            fact("prefix", Integer, "Length of the network prefix in bits.", "addresses.exists(a, a.prefix < 16)"),
        ],
    },
    ClassInfo {
        name: "software",
        table: "device_software",
        rows_max: 20_000,
        description: "Packages of the operating system's package manager.",
        properties: &[
            fact("name", Text, "The package's name.", r#"software.exists(s, s.name == "openssl")"#),
            fact("version", Version, "Its version.", r#"software.exists(s, s.name == "vim" && s.version < "9.1")"#),
        ],
    },
];

/// What the device reports.
const fn fact(name: &'static str, kind: super::Kind, description: &'static str, example: &'static str) -> PropertyInfo {
    PropertyInfo { name, kind, is_fact: true, description, example }
}

/// What the site gave the device, so that no facts hold it.
const fn given(
    name: &'static str,
    kind: super::Kind,
    description: &'static str,
    example: &'static str,
) -> PropertyInfo {
    PropertyInfo { name, kind, is_fact: false, description, example }
}
