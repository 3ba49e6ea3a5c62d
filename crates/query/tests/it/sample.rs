//! One well-known device, and random devices and queries read from a tape of bytes, which shrinks well.

use dray_model::facts::{Address, Disk, Facts, Software};
use dray_query::{Class, Kind, PropertyInfo};

/// A Debian machine that doesn't know its memory.
pub(crate) fn debian() -> Facts {
    Facts {
        platform: "linux".into(),
        os_name: Some("debian".into()),
        os_version: Some("12.10".into()),
        architecture: "x86_64".into(),
        host_name: "Kiosk-07".into(),
        memory_bytes: None,
        processors: Some(4),
        agent_version: "0.2.0-rc.1".into(),
        disks: vec![disk("/", 100, 50), disk("/home", u64::MAX, 2)],
        addresses: vec![address("eth0", "10.1.2.3", 24), address("wlan0", "fe80::1", 64), address("tun0", "?", 0)],
        software: vec![software("openssl", "3.0.15-1~deb12u1"), software("vim", "2:9.0")],
    }
}

fn disk(mount: &str, size_bytes: u64, free_bytes: u64) -> Disk {
    Disk { mount: mount.into(), size_bytes, free_bytes }
}

fn address(interface: &str, ip: &str, prefix: u8) -> Address {
    Address { interface: interface.into(), ip: ip.into(), prefix }
}

fn software(name: &str, version: &str) -> Software {
    Software { name: name.into(), version: version.into() }
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

    fn some<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(3) > 0).then(|| make(self))
    }

    fn several<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(4)).map(|_| make(self)).collect()
    }

    /// A device's name and facts; some devices never told any.
    pub(crate) fn device(&mut self) -> (String, Option<Facts>) {
        let name = self.text();
        (name, (self.below(8) > 0).then(|| self.facts()))
    }

    fn facts(&mut self) -> Facts {
        Facts {
            platform: self.text(),
            os_name: self.some(Self::text),
            os_version: self.some(|tape| tape.pick(&VERSIONS).to_owned()),
            architecture: self.text(),
            host_name: self.text(),
            memory_bytes: self.some(|tape| tape.pick(&NUMBERS)),
            processors: self.some(|tape| u32::try_from(tape.below(4)).unwrap()),
            agent_version: self.pick(&VERSIONS).to_owned(),
            disks: self.several(|tape| disk(tape.pick(&TEXTS), tape.pick(&NUMBERS), tape.pick(&NUMBERS))),
            addresses: self.several(|tape| address(tape.pick(&TEXTS), tape.pick(&IPS), [24, 0, 64][tape.below(3)])),
            software: self.several(|tape| software(tape.pick(&TEXTS), tape.pick(&VERSIONS))),
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
        let class = self.pick(&[Class::Disks, Class::Addresses, Class::Software]);
        let quantifier = self.pick(&["exists", "all", "exists_one"]);
        rows.push(class);
        let condition = self.condition(depth - 1, rows);
        let text = format!("{class}.{quantifier}(row{}, {condition})", rows.len());
        rows.pop();
        text
    }

    fn leaf(&mut self, rows: &[Class]) -> String {
        let (path, info) = self.fact(rows);
        match (self.below(8), info.kind) {
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
        let (other, info) = self.fact(rows);
        let other = if info.kind == kind { other } else { path.to_owned() };
        let operators = if kind == Kind::Ip { &OPERATORS[..2] } else { &OPERATORS[..] };
        format!("{path} {} {other}", self.pick(operators))
    }

    /// A property of one of the rows in reach, as a query names it.
    fn fact(&mut self, rows: &[Class]) -> (String, PropertyInfo) {
        let row = self.below(rows.len() + 1);
        match rows.len().checked_sub(row + 1) {
            Some(index) => {
                let info = self.pick(rows[index].properties());
                (format!("row{}.{}", index + 1, info.name), info)
            }
            None => {
                let info = self.pick(Class::Device.properties());
                (info.name.to_owned(), info)
            }
        }
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
