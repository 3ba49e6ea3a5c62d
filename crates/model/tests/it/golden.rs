//! What versions wrote is read forever: `tests/golden/v<version>/<name>.json` holds every payload as that version wrote it.
//!
//! A type that changes fails here: the file of this version is no longer what is written. While this version isn't released,
//! `DRAY_BLESS=1 cargo test -p dray-model --test it` writes its files again. Files of released versions never change; when
//! one can't be read any more, the change is not allowed (`docs/design/0012-versions.md`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use dray_golden::{holds, with_unknown_fields};
use serde_json::Value;

use crate::samples::{Sample, samples};

/// Objects whose keys are data, or that are read to the letter: nothing is put into them.
const CLOSED: [&str; 3] = ["exit_codes", "compiled", "trusted_keys"];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn this_version() -> String {
    format!("v{}", env!("CARGO_PKG_VERSION"))
}

fn by_name() -> BTreeMap<&'static str, Sample> {
    let all = samples();
    let count = all.len();
    let named: BTreeMap<_, _> = all.into_iter().map(|sample| (sample.name, sample)).collect();
    assert_eq!(named.len(), count, "two samples have one name");
    named
}

/// Every file of every version: version, name, content.
fn files() -> Vec<(String, String, Value)> {
    let mut files = Vec::new();
    for version in std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()) {
        for file in std::fs::read_dir(&version).unwrap().map(|entry| entry.unwrap().path()) {
            let text = |path: &std::path::Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
            let content = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            files.push((version.file_name().unwrap().to_str().unwrap().to_owned(), text(&file), content));
        }
    }
    files
}

#[test]
fn the_files_of_this_version_are_what_it_writes() {
    let folder = folder().join(this_version());
    for (name, sample) in by_name() {
        let path = folder.join(format!("{name}.json"));
        if std::env::var_os("DRAY_BLESS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, serde_json::to_string_pretty(&sample.written).unwrap() + "\n").unwrap();
        }
        let golden: Value = serde_json::from_slice(&std::fs::read(&path).expect(name)).unwrap();
        assert_eq!(golden, sample.written, "{name} is written otherwise than its golden file says");
    }
}

#[test]
fn what_every_version_wrote_is_read_in_full() {
    let samples = by_name();
    for (version, name, golden) in files() {
        let sample = samples.get(name.as_str()).unwrap_or_else(|| panic!("nothing reads {version}/{name}"));
        let read = (sample.reread)(&golden).unwrap_or_else(|error| panic!("{version}/{name}: {error}"));
        assert!(holds(&read, &golden), "{version}/{name} loses something:\n{golden:#}\n{read:#}");
    }
}

#[test]
fn fields_from_the_future_change_nothing() {
    let samples = by_name();
    for (version, name, golden) in files().into_iter().filter(|(version, ..)| version != "future") {
        let sample = &samples[name.as_str()];
        let future = with_unknown_fields(&golden, &CLOSED);
        let read = (sample.reread)(&future).unwrap_or_else(|error| panic!("{version}/{name}: {error}"));
        if !sample.is_kept_raw {
            assert_eq!(read, (sample.reread)(&golden).unwrap(), "{version}/{name}");
        }
    }
}

#[test]
fn kinds_from_the_future_are_kept_as_they_came() {
    let future = files().into_iter().filter(|(version, ..)| version == "future");
    assert!(future.count() >= 6, "golden/future has them: `what_every_version_wrote_is_read_in_full` reads them");
}
