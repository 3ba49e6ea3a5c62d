//! What a runner is asked to run: `spec.json`, written by the agent before it starts the runner.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dray_model::program::Program;
use dray_model::{Name, RunId};
use serde::{Deserialize, Serialize};

/// The file's name in a run's folder.
pub const SPEC: &str = "spec.json";

/// Largest spec that is read, in bytes: the largest document that its program can come from, and a little for the rest.
const BYTES_MAX: u64 = (4 << 20) + (64 << 10);

/// What to run. Fields that this version doesn't know are passed over: an agent may be newer than its runner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The file's format; this is [`Spec::FORMAT`].
    pub format: u32,
    /// The run.
    pub run: RunId,
    /// The package, for the program's environment.
    pub package: Name,
    /// The program. The runner takes of it what a start needs.
    pub program: Program,
    /// The verified content's folder, absolute; absent for a package without content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<PathBuf>,
    /// After this time the program is stopped, in milliseconds.
    pub run_limit_ms: u64,
    /// Time between asking the program to end and ending it, in milliseconds.
    pub stop_grace_ms: u64,
}

impl Spec {
    /// The format that this version writes and reads.
    pub const FORMAT: u32 = 1;
    /// The grace that the agent gives a program, in milliseconds.
    pub const STOP_GRACE_MS: u64 = 10_000;

    /// After this time the program is stopped.
    #[must_use]
    pub const fn run_limit(&self) -> Duration {
        Duration::from_millis(self.run_limit_ms)
    }

    /// Time between asking and ending.
    #[must_use]
    pub const fn stop_grace(&self) -> Duration {
        Duration::from_millis(self.stop_grace_ms)
    }

    /// Reads the spec of a run's folder; an error is a sentence for people.
    pub(super) fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join(SPEC);
        let size = std::fs::metadata(&path).map_err(|e| format!("cannot read its spec: {e}"))?.len();
        if size > BYTES_MAX {
            return Err(format!("its spec has {size} bytes, the limit is {BYTES_MAX}"));
        }
        let bytes = std::fs::read(&path).map_err(|e| format!("cannot read its spec: {e}"))?;
        let spec: Self = serde_json::from_slice(&bytes).map_err(|e| format!("its spec is damaged: {e}"))?;
        if spec.format != Self::FORMAT {
            return Err(format!("its spec has format {}, but this agent reads format {}", spec.format, Self::FORMAT));
        }
        Ok(spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_is_read_whatever_version_of_the_agent_wrote_it() {
        let spec = serde_json::json!({
            "format": 1, "run": "r-0000000000009", "package": "editor", "content": "/var/lib/dray/cache/editor",
            "run_limit_ms": 7_200_000, "stop_grace_ms": 10_000,
            "program": {
                "name": "install", "command": "./install.sh /q", "start_in": "bin",
                "requirement": { "text": "memory_bytes > 1", "compiled": { "version": 1 } },
                "exit_codes": { "0": "success", "75": "retry" }
            }
        });
        let spec: Spec = serde_json::from_value(spec).unwrap();
        let closed = ["exit_codes", "compiled"];
        dray_golden::check(env!("CARGO_MANIFEST_DIR"), env!("CARGO_PKG_VERSION"), "spec", &spec, &closed);
    }

    #[test]
    fn a_spec_of_another_format_or_none_at_all_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let read = |text: &str| {
            std::fs::write(temp.path().join(SPEC), text).unwrap();
            Spec::read(temp.path())
        };
        let good = r#"{"format":1,"run":"r-0000000000007","package":"p","later":{"x":1},
            "program":{"name":"i","command":"true"},"run_limit_ms":60000,"stop_grace_ms":10000}"#;
        assert_eq!(read(good).unwrap().run_limit(), Duration::from_secs(60));
        assert!(read(&good.replace("\"format\":1", "\"format\":2")).unwrap_err().contains("format 2"));
        assert!(read(&good[..40]).unwrap_err().contains("damaged"));
        assert!(read(&" ".repeat(5_000_000)).unwrap_err().contains("5000000 bytes"));
    }
}
