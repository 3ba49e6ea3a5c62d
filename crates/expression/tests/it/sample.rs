//! One well-known device, and random devices and queries read from a tape of bytes, which shrinks well.

use dray_model::facts::{Facts, Table, Value};
use dray_model::inventory::{Class, Kind, Property};
use dray_model::{class, property};

/// A Debian machine that doesn't know its memory.
pub(crate) fn debian() -> Facts {
    let device = Table::new(Class::DEVICE).with([
        (property!("device.platform"), "linux".into()),
        (property!("device.os_name"), "debian".into()),
        (property!("device.os_version"), "12.10".into()),
        (property!("device.architecture"), "x86_64".into()),
        (property!("device.host_name"), "Kiosk-07".into()),
        (property!("device.processors"), 4_u32.into()),
        (property!("device.agent_version"), "0.2.0-rc.1".into()),
    ]);
    let disks = disk(disk(Table::new(class!("disks")), "/", 100, 50), "/home", u64::MAX, 2);
    let addresses = address(Table::new(class!("addresses")), "eth0", "10.1.2.3", 24);
    let addresses = address(address(addresses, "wlan0", "fe80::1", 64), "tun0", "?", 0);
    let software = software(Table::new(class!("software")), "openssl", "3.0.15-1~deb12u1");
    let software = self::software(software, "vim", "2:9.0");
    Facts::default().with(device).with(disks).with(addresses).with(software)
}

fn disk(table: Table, mount: &str, size_bytes: u64, free_bytes: u64) -> Table {
    table.with([
        (property!("disks.mount"), mount.into()),
        (property!("disks.size_bytes"), size_bytes.into()),
        (property!("disks.free_bytes"), free_bytes.into()),
    ])
}

fn address(table: Table, interface: &str, ip: &str, prefix: u32) -> Table {
    table.with([
        (property!("addresses.interface"), interface.into()),
        (property!("addresses.ip"), ip.into()),
        (property!("addresses.prefix"), prefix.into()),
    ])
}

fn software(table: Table, name: &str, version: &str) -> Table {
    table.with([(property!("software.name"), name.into()), (property!("software.version"), version.into())])
}

// Small, so that devices and queries meet; awkward, so that engines would differ if they could.
const TEXTS: [&str; 16] = [
    "a",
    "",
    "A",
    "ab",
    "b",
    "é",
    "e\u{301}",
    "Ä",
    "日本語",
    "a%_b",
    "\\",
    "'\"",
    "\u{10ffff}",
    "a\tb",
    "linux",
    "Linux",
];
const VERSIONS: [&str; 12] =
    ["1", "", "1.0", "1.2", "1.10", "1.2-1", "1.2~rc1", "1.2-rc.1", "1:0", "v1.2.0", "1.2é", "10a"];
const IPS: [&str; 8] = ["10.1.2.3", "10.2.0.1", "::1", "fe80::1", "::ffff:10.1.2.3", "nowhere", "", "255.255.255.255"];
const NUMBERS: [u64; 6] = [1, 0, 2, 1 << 40, i64::MAX as u64, u64::MAX];
const NETWORKS: [&str; 6] = ["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "::/0", "fe80::/10", "255.255.255.255/32"];
const OPERATORS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];
const TESTS: [&str; 3] = ["startsWith", "endsWith", "contains"];

/// Choices to make, in order; all zero when it has run out.
pub(crate) struct Tape<'a>(std::slice::Iter<'a, u8>);

impl<'a> Tape<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.iter())
    }

    fn below(&mut self, count: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or_default()) % count
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn text(&mut self) -> String {
        self.pick(&TEXTS).to_owned()
    }

    /// A device's name and facts; some devices never reported any.
    pub(crate) fn device(&mut self) -> (String, Option<Facts>) {
        let name = self.text();
        (name, (self.below(8) > 0).then(|| self.facts()))
    }

    /// Of every class of the catalogue, with every property known or not.
    fn facts(&mut self) -> Facts {
        Class::all().fold(Facts::default(), |facts, class| {
            let rows = if class.is_list() { self.below(4) } else { 1 };
            let mut table = Table::new(class);
            for _ in 0..rows {
                table.push(class.facts().map(|property| {
                    let value = (self.below(4) > 0).then(|| self.value(property.kind()));
                    (property, value)
                }));
            }
            facts.with(table)
        })
    }

    fn value(&mut self, kind: Kind) -> Value {
        match kind {
            Kind::Text => self.pick(&TEXTS).into(),
            Kind::Version => self.pick(&VERSIONS).into(),
            Kind::Ip => self.pick(&IPS).into(),
            Kind::Integer => self.pick(&NUMBERS).into(),
        }
    }

    /// A query of the language, nested at most three deep.
    pub(crate) fn query(&mut self) -> String {
        self.condition(3, &mut Vec::new())
    }

    fn condition(&mut self, depth: usize, rows: &mut Vec<Class>) -> String {
        if depth == 0 {
            return self.leaf(rows);
        }
        match self.below(7) {
            0 | 1 => self.leaf(rows),
            2 => format!("({} && {})", self.condition(depth - 1, rows), self.condition(depth - 1, rows)),
            3 => format!("({} || {})", self.condition(depth - 1, rows), self.condition(depth - 1, rows)),
            4 => format!("!({})", self.condition(depth - 1, rows)),
            _ if rows.len() < 2 => self.rows(depth, rows),
            _ => self.leaf(rows),
        }
    }

    fn rows(&mut self, depth: usize, rows: &mut Vec<Class>) -> String {
        let class = self.pick(&Class::all().filter(|class| class.is_list()).collect::<Vec<_>>());
        let quantifier = self.pick(&["exists", "all", "exists_one"]);
        rows.push(class);
        let condition = self.condition(depth - 1, rows);
        let text = format!("{class}.{quantifier}(row{}, {condition})", rows.len());
        rows.pop();
        text
    }

    fn leaf(&mut self, rows: &[Class]) -> String {
        let (path, property) = self.fact(rows);
        match (self.below(8), property.kind()) {
            (0, _) => format!("has({path})"),
            (1, _) => self
                .pick(&["true", "false", "size(disks) > 1", "1 >= software.size()", "size(addresses) in [0, 2]"])
                .to_owned(),
            (2, kind) if kind.is_text() => format!("{path}.{}({})", self.pick(&TESTS), self.quoted(kind)),
            (3, kind) => format!("{path} in [{}, {}]", self.quoted(kind), self.quoted(kind)),
            (4, kind) => self.two_facts(&path, kind, rows),
            (5, Kind::Ip) => format!("inCidr({path}, '{}')", self.pick(&NETWORKS)),
            (5, Kind::Version) => format!("version({}) {} {path}", self.quoted(Kind::Version), self.pick(&OPERATORS)),
            (_, Kind::Ip) => format!("{path} {} {}", self.pick(&OPERATORS[..2]), self.quoted(Kind::Ip)),
            (_, kind) => format!("{path} {} {}", self.pick(&OPERATORS), self.quoted(kind)),
        }
    }

    fn two_facts(&mut self, path: &str, kind: Kind, rows: &[Class]) -> String {
        let (other, property) = self.fact(rows);
        let other = if property.kind() == kind { other } else { path.to_owned() };
        let operators = if kind == Kind::Ip { &OPERATORS[..2] } else { &OPERATORS[..] };
        format!("{path} {} {other}", self.pick(operators))
    }

    /// A property of one of the rows in reach, as a query names it.
    fn fact(&mut self, rows: &[Class]) -> (String, Property) {
        let row = self.below(rows.len() + 1);
        match rows.len().checked_sub(row + 1) {
            Some(index) => {
                let property = self.property(rows[index]);
                (format!("row{}.{}", index + 1, property.info().name), property)
            }
            None => {
                let property = self.property(Class::DEVICE);
                (property.info().name.to_owned(), property)
            }
        }
    }

    fn property(&mut self, class: Class) -> Property {
        self.pick(&class.properties().collect::<Vec<_>>())
    }

    fn quoted(&mut self, kind: Kind) -> String {
        match kind {
            Kind::Integer => {
                self.pick(&["1", "0", "2u", "1099511627776", "9223372036854775807", "-1", "0x10"]).to_owned()
            }
            Kind::Text => quote(self.pick(&TEXTS)),
            Kind::Version => quote(self.pick(&VERSIONS)),
            Kind::Ip => quote(self.pick(&["10.1.2.3", "::1", "::ffff:10.1.2.3", "0:0::1"])),
        }
    }
}

fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
