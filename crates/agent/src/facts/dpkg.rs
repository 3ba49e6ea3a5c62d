//! Packages that dpkg installed: its status file, read as it streams by (it has tens of megabytes on a desktop).

use std::fs::File;
use std::io::{BufRead, BufReader};

use dray_model::class;
use dray_model::facts::Table;

use super::{Limits, clean};

const STATUS: &str = "/var/lib/dpkg/status";

/// The installed packages; `None` where there is no dpkg or it knows no package.
pub(super) fn installed(limits: &Limits) -> Option<Table> {
    let rows_max = class!("software").info().rows_max;
    let found = parse(BufReader::new(File::open(STATUS).ok()?), rows_max, limits);
    (!found.is_empty()).then(|| super::software(found))
}

/// One paragraph of the file.
#[derive(Default)]
struct Paragraph {
    name: Option<String>,
    version: Option<String>,
    installed: bool,
}

impl Paragraph {
    fn finish(&mut self) -> Option<(String, String)> {
        let done = std::mem::take(self);
        done.installed.then_some((done.name?, done.version?))
    }
}

/// Names and versions, at most `rows_max` of them.
fn parse(mut status: impl BufRead, rows_max: usize, limits: &Limits) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut paragraph = Paragraph::default();
    let mut line = Vec::new();
    while found.len() < rows_max {
        line.clear();
        match status.read_until(b'\n', &mut line) {
            Ok(1..) => {}
            Ok(0) | Err(_) => {
                found.extend(paragraph.finish());
                break;
            }
        }
        let line = String::from_utf8_lossy(line.trim_ascii_end());
        match line.split_once(": ") {
            _ if line.is_empty() => found.extend(paragraph.finish()),
            Some(("Package", name)) => paragraph.name = Some(clean(name, limits)),
            Some(("Version", version)) => paragraph.version = Some(clean(version, limits)),
            Some(("Status", status)) => paragraph.installed = status.ends_with(" installed"),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "Package: zlib1g
Status: install ok installed
Priority: required
Architecture: amd64
Multi-Arch: same
Version: 1:1.2.13.dfsg-1
Description: compression library - runtime
 Version: 9 in a description is no version

Package: old-tool
Status: deinstall ok config-files
Version: 1.0-1

Package: zlib1g
Status: install ok installed
Architecture: i386
Version: 1:1.2.13.dfsg-1

Package: half
Status: install ok unpacked
Version: 2

Package: adduser
Status: hold ok installed
Version: 3.134";

    fn names(rows_max: usize, limits: &Limits) -> Vec<String> {
        let found = parse(SAMPLE.as_bytes(), rows_max, limits);
        found.into_iter().map(|(name, version)| format!("{name} {version}")).collect()
    }

    #[test]
    fn only_what_is_installed_counts() {
        let zlib = "zlib1g 1:1.2.13.dfsg-1";
        assert_eq!(names(9, &Limits::default()), [zlib, zlib, "adduser 3.134"]);
    }

    #[test]
    fn rows_and_texts_are_bounded() {
        let limits = Limits { text_characters: 4, ..Limits::default() };
        assert_eq!(names(1, &limits), ["zlib 1:1."]);
    }

    #[test]
    fn a_file_that_is_no_status_file_gives_nothing() {
        assert!(parse(&[0xff, 0, b'\n', b':', b' '][..], 9, &Limits::default()).is_empty());
    }
}
