//! The rules of the language, each by an example on the well-known device. `agreement.rs` asks the databases the same.

use std::collections::BTreeSet;

use dray_expression::parse;
use dray_model::class;
use dray_model::inventory::Class;
use dray_query::Limits;

use crate::sample::debian;

/// Queries and whether they mean the device of `sample::debian`, named `kiosk-07`.
pub(crate) const RULES: [(&str, bool); 62] = [
    // Names, bare and qualified; comments and white space.
    (r#"platform == "linux""#, true),
    (r#"device.platform == "linux" // the family"#, true),
    (r#"name == "kiosk-07""#, true),
    ("true", true),
    ("false || !true", false),
    // Texts: case-sensitive, byte order, tests by constant.
    (r#"platform == "Linux""#, false),
    (r#"host_name < "Z""#, true),
    (r#"host_name < "a""#, true),
    (r#"host_name.startsWith("Kiosk")"#, true),
    (r#"host_name.startsWith("kiosk")"#, false),
    (r#"host_name.endsWith("-07")"#, true),
    (r#"host_name.endsWith("a longer text than the host's name")"#, false),
    (r#"host_name.contains("sk-")"#, true),
    (r#"host_name.contains("%")"#, false),
    (r#"host_name.contains("")"#, true),
    (r"host_name == r'Kiosk-07'", true),
    // Lists of constants.
    (r#"platform in ["windows", "linux"]"#, true),
    ("platform in []", false),
    ("processors in [1, 2u, 4]", true),
    (r#"os_version in ["11", "12.10.0"]"#, true),
    // Numbers.
    ("processors >= 4 && 4 >= processors", true),
    ("processors > -1", true),
    ("3 < processors", true),
    ("processors == 0x4", true),
    // What is missing makes every comparison false; `!` turns it.
    ("memory_bytes == 0", false),
    ("memory_bytes != 0", false),
    ("memory_bytes < 9223372036854775807", false),
    ("memory_bytes in [0]", false),
    ("!(memory_bytes == 0)", true),
    ("!(memory_bytes == 0 && platform == 'linux')", true),
    ("!!(memory_bytes != 0)", false),
    ("has(memory_bytes)", false),
    ("has(device.os_name) && !has(memory_bytes)", true),
    ("memory_bytes == memory_bytes", false),
    ("memory_bytes == 0 || processors == 4", true),
    // Versions in their own order, equality included; text tests see the text.
    (r#"os_version >= "12" && os_version < "13""#, true),
    (r#"os_version > "12.9""#, true),
    (r#"os_version == "12.10.0""#, true),
    (r#"version("12.9") < os_version"#, true),
    (r#"agent_version < "0.2""#, true),
    (r#"os_version.startsWith("12.1")"#, true),
    (r#"software.exists(s, s.name == "openssl" && s.version < "3.0.15-1")"#, true),
    (r#"software.exists(s, s.name == "vim" && s.version > "9.1")"#, true),
    // Rows.
    (r#"disks.exists(d, d.mount == "/" && d.free_bytes > 40)"#, true),
    (r#"disks.exists(d, d.mount == "/" && d.free_bytes > 60)"#, false),
    ("disks.all(d, d.free_bytes > 1)", true),
    ("disks.all(d, d.free_bytes > 2)", false),
    ("!disks.all(d, d.free_bytes > memory_bytes)", true),
    ("disks.exists_one(d, d.free_bytes > 10)", true),
    ("disks.existsOne(d, d.free_bytes > 1)", false),
    ("size(disks) == 2 && disks.size() < size(addresses)", true),
    ("device.disks.exists(d, d.free_bytes == 50)", true),
    ("disks.exists(d, d.size_bytes == 9223372036854775807)", true),
    ("disks.exists(d, d.free_bytes < d.size_bytes)", true),
    (r#"disks.exists(d, disks.exists(e, e.mount.startsWith("/h") && e.free_bytes < d.free_bytes))"#, true),
    (r#"disks.exists(d, d.mount == "/" && platform == "linux")"#, true),
    // Addresses.
    (r#"addresses.exists(a, inCidr(a.ip, "10.1.0.0/16"))"#, true),
    (r#"addresses.exists(a, inCidr(a.ip, "10.2.0.0/16"))"#, false),
    (r#"addresses.exists(a, a.ip == "fe80:0::1")"#, true),
    (r#"addresses.exists(a, a.ip in ["10.1.2.3"])"#, true),
    (r#"addresses.exists(a, a.ip == "10.1.2.3" && a.prefix == 24)"#, true),
    (r#"addresses.exists(a, has(a.ip) && !(a.ip != "::1"))"#, true),
];

#[test]
fn every_rule_of_the_language_holds_on_a_device() {
    for (text, expected) in RULES {
        let query = parse(text, &Limits::default()).unwrap_or_else(|error| panic!("{}", error.explain(text)));
        assert_eq!(query.matches(&debian(), "kiosk-07"), expected, "{text}");
    }
}

#[test]
fn a_query_tells_which_classes_decide_it() {
    let touched = |text: &str| parse(text, &Limits::default()).unwrap().touched_classes();
    assert_eq!(touched("true"), BTreeSet::new());
    assert_eq!(touched("name == 'a' || size(disks) > 1"), BTreeSet::from([Class::DEVICE, class!("disks")]));
    assert_eq!(
        touched("!software.all(s, addresses.exists(a, a.prefix in [1]))"),
        BTreeSet::from([class!("addresses"), class!("software")])
    );
}

#[test]
fn every_example_of_the_catalogue_asks_for_its_property() {
    for property in Class::all().flat_map(Class::properties) {
        let example = property.info().example;
        let query = parse(example, &Limits::default()).unwrap_or_else(|error| panic!("{}", error.explain(example)));
        assert!(query.touched_classes().contains(&property.class()), "{example}");
        assert!(example.contains(property.info().name), "{example}");
    }
}
