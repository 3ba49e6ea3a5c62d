//! Golden payloads, for tests: what versions wrote is read forever, and so is what newer ones add (`docs/design/0012-versions.md`).
//!
//! A crate keeps its files in `tests/golden/v<version>/<name>.json`, one for each payload and version. A type that changes fails its
//! test: the file of this version is no longer what is written. While this version isn't released, `DRAY_BLESS=1` in the environment
//! writes its files again. Files of released versions never change; when one can't be read any more, the change is not allowed.

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Checks one payload of the crate in `folder`: this version writes `sample` as its file says, reads the files of all versions, and
/// passes over fields that it doesn't know, but in objects called one of `closed`, whose keys are data. Pass `env!("CARGO_MANIFEST_DIR")` and `env!("CARGO_PKG_VERSION")`.
///
/// # Panics
/// When the law is broken, and when a file can't be read.
pub fn check<T: Serialize + DeserializeOwned + PartialEq>(
    folder: &str,
    version: &str,
    name: &str,
    sample: &T,
    closed: &[&str],
) {
    let written = serde_json::to_value(sample).expect("a payload has a JSON form");
    let golden = Path::new(folder).join("tests/golden");
    let file = format!("{name}.json");
    let own = golden.join(format!("v{version}"));
    if std::env::var_os("DRAY_BLESS").is_some() {
        let text = serde_json::to_string_pretty(&written).expect("JSON has a text");
        fs::create_dir_all(&own).expect("the folder of golden files can be made");
        fs::write(own.join(&file), text + "\n").expect("a golden file can be written");
    }
    assert_eq!(read(&own.join(&file)), written, "{name} is not written as its golden file says");
    for version in fs::read_dir(&golden).expect("there are golden files") {
        let path = version.expect("a folder can be listed").path().join(&file);
        if path.exists() {
            let now = parse::<T>(read(&path), &path);
            let future = parse::<T>(with_unknown_fields(&read(&path), closed), &path);
            assert!(now == future, "{}: a field of a newer version changes what is read", path.display());
            let again = serde_json::to_value(&now).expect("a payload has a JSON form");
            assert!(holds(&again, &read(&path)), "{} is not read in full: {again:#}", path.display());
        }
    }
    assert!(parse::<T>(written, &own) == *sample, "{name} does not read back");
}

fn read(path: &Path) -> Value {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn parse<T: DeserializeOwned>(value: Value, path: &Path) -> T {
    serde_json::from_value(value).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Whether all that `former` says, `now` says too.
#[must_use]
pub fn holds(now: &Value, former: &Value) -> bool {
    match (now, former) {
        (Value::Object(now), Value::Object(former)) => {
            former.iter().all(|(key, value)| now.get(key).is_some_and(|now| holds(now, value)))
        }
        (Value::Array(now), Value::Array(former)) => {
            now.len() == former.len() && now.iter().zip(former).all(|(now, former)| holds(now, former))
        }
        (now, former) => now == former,
    }
}

/// The payload as a newer version may write it: every object has a field more, except those called one of `closed`, whose keys are data.
#[must_use]
pub fn with_unknown_fields(value: &Value, closed: &[&str]) -> Value {
    match value {
        Value::Object(object) => {
            let inner = object.iter().map(|(key, value)| {
                let is_open = !closed.contains(&key.as_str());
                (key.clone(), if is_open { with_unknown_fields(value, closed) } else { value.clone() })
            });
            let more = ("of_tomorrow".to_owned(), json!({ "deep": [1, null, "x"] }));
            Value::Object(inner.chain([more]).collect())
        }
        Value::Array(items) => items.iter().map(|item| with_unknown_fields(item, closed)).collect(),
        other => other.clone(),
    }
}
