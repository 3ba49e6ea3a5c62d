//! Packages that dpkg installed: its status file, read as it streams by (it has tens of megabytes on a desktop).

use std::fs::File;
use std::io::{BufRead, BufReader};

use dray_model::facts::Software;

use super::{Limits, clean};

const STATUS: &str = "/var/lib/dpkg/status";

/// The installed packages; `None` where there is no dpkg or it knows no package.
pub(super) fn installed(limits: &Limits) -> Option<Vec<Software>> {
    let software = parse(BufReader::new(File::open(STATUS).ok()?), limits);
    (!software.is_empty()).then_some(software)
}

/// One paragraph of the file.
#[derive(Default)]
struct Paragraph {
    name: Option<String>,
    version: Option<String>,
    installed: bool,
}

impl Paragraph {
    fn finish(&mut self) -> Option<Software> {
        let done = std::mem::take(self);
        done.installed.then_some(Software { name: done.name?, version: done.version? })
    }
}

fn parse(mut status: impl BufRead, limits: &Limits) -> Vec<Software> {
    let mut found = Vec::new();
    let mut paragraph = Paragraph::default();
    let mut line = Vec::new();
    while found.len() < limits.software {
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
    found.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    found.dedup();
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

    fn names(limits: &Limits) -> Vec<String> {
        parse(SAMPLE.as_bytes(), limits).into_iter().map(|s| format!("{} {}", s.name, s.version)).collect()
    }

    #[test]
    fn only_what_is_installed_counts_once_and_in_order() {
        assert_eq!(names(&Limits::default()), ["adduser 3.134", "zlib1g 1:1.2.13.dfsg-1"]);
    }

    #[test]
    fn rows_and_texts_are_bounded() {
        let limits = Limits { software: 1, text_characters: 4, ..Limits::default() };
        assert_eq!(names(&limits), ["zlib 1:1."]);
    }

    #[test]
    fn a_file_that_is_no_status_file_gives_nothing() {
        assert!(parse(&[0xff, 0, b'\n', b':', b' '][..], &Limits::default()).is_empty());
    }
}
