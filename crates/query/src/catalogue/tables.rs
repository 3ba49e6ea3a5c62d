//! The catalogue's two tables. Their order is that of the enums, so that looking up is indexing; a test holds them together.

use super::{Class, ClassInfo, Kind, Property, PropertyInfo};

// In the order of `Class`.
pub(super) const CLASSES: [ClassInfo; 4] = [
    class(
        Class::Device,
        "device",
        "device_facts",
        false,
        "The device itself; its properties may be named without `device.`.",
    ),
    class(Class::Disks, "disks", "device_disk", true, "Mounted local file systems."),
    class(Class::Addresses, "addresses", "device_address", true, "Network addresses, loopback left out."),
    class(Class::Software, "software", "device_software", true, "Packages of the operating system's package manager."),
];

// In the order of `Property`, and so grouped by class.
pub(super) const PROPERTIES: [PropertyInfo; 17] = {
    use Kind::{Integer, Ip, Text, Version};
    use Property as P;
    [
        device(P::DeviceName, "name", Text, "The device's name in Dray.", r#"name.startsWith("kiosk-")"#),
        device(P::Platform, "platform", Text, "`linux`, `windows` or `macos`.", r#"platform == "linux""#),
        device(P::OsName, "os_name", Text, "The distribution or edition.", r#"os_name in ["debian", "ubuntu"]"#),
        device(
            P::OsVersion,
            "os_version",
            Version,
            "The operating system's version, as its vendor writes it.",
            r#"os_version >= "12""#,
        ),
        device(
            P::Architecture,
            "architecture",
            Text,
            "Machine architecture: `x86_64`, `aarch64`.",
            r#"architecture == "aarch64""#,
        ),
        device(P::HostName, "host_name", Text, "Host name without its domain.", r#"host_name.endsWith("-lab")"#),
        device(P::MemoryBytes, "memory_bytes", Integer, "Physical memory in bytes.", "memory_bytes >= 8000000000"),
        device(P::Processors, "processors", Integer, "Processors available.", "processors >= 4"),
        device(P::AgentVersion, "agent_version", Version, "Version of the Dray agent.", r#"agent_version < "1.4""#),
        disk(P::DiskMount, "mount", Text, r"Where it is mounted: `/`, `C:\`.", r#"disks.exists(d, d.mount == "/")"#),
        disk(
            P::DiskSizeBytes,
            "size_bytes",
            Integer,
            "Size in bytes.",
            "disks.exists(d, d.size_bytes > 1000000000000)",
        ),
        disk(
            P::DiskFreeBytes,
            "free_bytes",
            Integer,
            "Free space in bytes, rounded down to 64 MiB.",
            "disks.all(d, d.free_bytes > 1000000000)",
        ),
        address(
            P::AddressInterface,
            "interface",
            Text,
            "The interface's name.",
            r#"addresses.exists(a, a.interface == "wlan0")"#,
        ),
        address(P::AddressIp, "ip", Ip, "IPv4 or IPv6 address.", r#"addresses.exists(a, inCidr(a.ip, "10.1.0.0/16"))"#),
        address(
            P::AddressPrefix,
            "prefix",
            Integer,
            "Length of the network prefix in bits.",
            "addresses.exists(a, a.prefix < 16)",
        ),
        software(P::SoftwareName, "name", Text, "The package's name.", r#"software.exists(s, s.name == "openssl")"#),
        software(
            P::SoftwareVersion,
            "version",
            Version,
            "Its version, as the package manager writes it.",
            r#"software.exists(s, s.name == "openssl" && s.version < "3.0.15")"#,
        ),
    ]
};

const fn class(
    class: Class,
    name: &'static str,
    table: &'static str,
    many: bool,
    description: &'static str,
) -> ClassInfo {
    ClassInfo { class, name, table, many, description }
}

type S = &'static str;

const fn device(property: Property, name: S, kind: Kind, description: S, example: S) -> PropertyInfo {
    PropertyInfo { property, class: Class::Device, name, kind, description, example }
}

const fn disk(property: Property, name: S, kind: Kind, description: S, example: S) -> PropertyInfo {
    PropertyInfo { property, class: Class::Disks, name, kind, description, example }
}

const fn address(property: Property, name: S, kind: Kind, description: S, example: S) -> PropertyInfo {
    PropertyInfo { property, class: Class::Addresses, name, kind, description, example }
}

const fn software(property: Property, name: S, kind: Kind, description: S, example: S) -> PropertyInfo {
    PropertyInfo { property, class: Class::Software, name, kind, description, example }
}
