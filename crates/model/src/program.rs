//! Programs: the command lines of a package and the conditions under which they run.

mod command_line;
#[cfg(test)]
mod defaults;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use command_line::{CommandLine, InvalidCommandLine, InvalidQuoting};

use crate::{Name, Text};

/// A command line of a package, as it is in a release.
///
/// In this version of the document a program runs with the agent's own rights, whether or not somebody is signed in,
/// without a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Program {
    /// Unique in the package.
    pub name: Name,
    /// A comment for people.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub title: Text<128>,
    /// A comment, shown on the client.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub comment: Text<1024>,
    /// The command line, split by the platform's own rules and never passed to a shell unless it names one. The first word is
    /// looked for in the content folder, then in the system's search path.
    pub command: CommandLine,
    /// Working folder, absolute or relative to the content folder. If absent, the content folder itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_in: Option<Text<1024>>,
    /// The program and its whole process tree are stopped after this time, in seconds: 1 minute to 7 days.
    #[serde(default)]
    pub max_run_time: MaxRunTime,
    /// Free space in bytes that the program needs on the file system of the content cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_space_bytes: Option<u64>,
    /// Condition on the device's facts; a device that does not meet it rejects the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<Expression>,
    /// Condition on fresh facts that holds when the program's effect is there: asked before the run (already there: no run
    /// is needed) and after it (verification).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detect: Option<Expression>,
    /// What the exit codes mean.
    #[serde(default)]
    pub exit_codes: ExitCodes,
    /// What happens if the exit code asks for another attempt.
    #[serde(default)]
    pub retry: Retry,
    /// Whether the program is disabled: it is then not started on any client.
    #[serde(default)]
    pub disabled: bool,
}

impl Program {
    /// A program of which nothing but its name and its command is said: everything else has its default (R§6.1).
    #[must_use]
    pub fn new(name: Name, command: CommandLine) -> Self {
        Self {
            name,
            title: Text::default(),
            comment: Text::default(),
            command,
            start_in: None,
            max_run_time: MaxRunTime::default(),
            disk_space_bytes: None,
            requirement: None,
            detect: None,
            exit_codes: ExitCodes::default(),
            retry: Retry::default(),
            disabled: false,
        }
    }
}

/// The time after which a program is stopped: 60 to 604 800 seconds, 7200 by default (R§6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(minimum = 60, maximum = 604_800))]
#[serde(try_from = "u32", into = "u32")]
pub struct MaxRunTime(u32);

/// A time limit outside one minute to seven days.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a time limit must be between 60 s and 604800 s (7 days), not {0} s")]
pub struct InvalidMaxRunTime(u32);

impl MaxRunTime {
    /// The limit in seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

impl Default for MaxRunTime {
    fn default() -> Self {
        Self(120 * 60)
    }
}

impl TryFrom<u32> for MaxRunTime {
    type Error = InvalidMaxRunTime;

    fn try_from(seconds: u32) -> Result<Self, InvalidMaxRunTime> {
        if (60..=7 * 24 * 3600).contains(&seconds) { Ok(Self(seconds)) } else { Err(InvalidMaxRunTime(seconds)) }
    }
}

impl From<MaxRunTime> for u32 {
    fn from(limit: MaxRunTime) -> Self {
        limit.0
    }
}

/// An expression of the collection language: the text that a person wrote, and its checked form that devices evaluate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Expression {
    /// CEL, as it was written.
    #[cfg_attr(feature = "openapi", schema(max_length = 4096))]
    pub text: String,
    /// The checked form in `dray-query`'s own encoding. The site makes it from the text and ignores what a request contains.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = serde_json::Value))]
    pub compiled: serde_json::Value,
}

/// What the exit codes of a program mean, by code. Codes that are not listed are failures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<i64, ExitClass>", into = "BTreeMap<i64, ExitClass>")]
pub struct ExitCodes(BTreeMap<i64, ExitClass>);

/// A number that no platform uses as an exit code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not an exit code: an exit code has at most ten digits")]
pub struct InvalidExitCode(i64);

impl TryFrom<BTreeMap<i64, ExitClass>> for ExitCodes {
    type Error = InvalidExitCode;

    fn try_from(classes: BTreeMap<i64, ExitClass>) -> Result<Self, InvalidExitCode> {
        let ten_digits = -9_999_999_999..=9_999_999_999_i64;
        match classes.keys().find(|code| !ten_digits.contains(*code)) {
            Some(code) => Err(InvalidExitCode(*code)),
            None => Ok(Self(classes)),
        }
    }
}

impl From<ExitCodes> for BTreeMap<i64, ExitClass> {
    fn from(codes: ExitCodes) -> Self {
        codes.0
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for ExitCodes {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::{ObjectBuilder, Ref, schema::Type};
        let code = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^(0|-?[1-9][0-9]{0,9})$"));
        ObjectBuilder::new()
            .property_names(Some(code))
            .additional_properties(Some(Ref::from_schema_name("ExitClass")))
            .description(Some("What each exit code means. Codes that are not listed are failures."))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for ExitCodes {
    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        schemas.push(("ExitClass".to_owned(), <ExitClass as utoipa::PartialSchema>::schema()));
    }
}

/// The meaning of an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExitClass {
    /// The program did its work.
    Success,
    /// It did its work, and the computer must restart for it to take effect.
    SuccessRestart,
    /// It could not work now; it is tried again.
    Retry,
    /// It failed.
    Failure,
}

impl ExitCodes {
    /// The class of `code`.
    #[must_use]
    pub fn class(&self, code: i64) -> ExitClass {
        self.0.get(&code).copied().unwrap_or(ExitClass::Failure)
    }
}

impl Default for ExitCodes {
    /// 0 is success; 1604, 1641 and 3010 are success with a restart as installers on Windows say it (R§3.3; they can't occur
    /// elsewhere); 75 asks for another try (`EX_TEMPFAIL` of sysexits.h), as does 1618, "another installation is in progress".
    fn default() -> Self {
        use ExitClass::{Retry, Success, SuccessRestart};
        let table = [
            (0, Success),
            (1604, SuccessRestart),
            (1641, SuccessRestart),
            (3010, SuccessRestart),
            (3011, SuccessRestart),
            (75, Retry),
            (1618, Retry),
        ];
        Self(table.into())
    }
}

/// How often and when a program is run again if it asks for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Retry {
    /// Number of attempts after the first one.
    pub count: u32,
    /// Seconds between the end of one attempt and the start of the next.
    pub interval_s: u32,
}

impl Default for Retry {
    /// 1008 tries, ten minutes apart: a week (R§3.3).
    fn default() -> Self {
        Self { count: 1008, interval_s: 600 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_needs_only_a_name_and_a_command() {
        let program: Program = serde_json::from_str(r#"{"name": "install", "command": "./install.sh /q"}"#).unwrap();
        assert_eq!(program.max_run_time.seconds(), 7200);
        assert_eq!(program.retry, Retry { count: 1008, interval_s: 600 });
        assert_eq!(program.exit_codes.class(0), ExitClass::Success);
        assert_eq!(program.exit_codes.class(75), ExitClass::Retry);
        assert_eq!(program.exit_codes.class(1), ExitClass::Failure);
    }

    #[test]
    fn a_time_limit_is_a_minute_to_a_week() {
        for (seconds, legal) in [(0, false), (59, false), (60, true), (604_800, true), (604_801, false)] {
            assert_eq!(MaxRunTime::try_from(seconds).is_ok(), legal, "{seconds}");
        }
    }

    #[test]
    fn exit_codes_are_keys_in_json() {
        let codes: ExitCodes = serde_json::from_str(r#"{"0": "success", "-1": "retry"}"#).unwrap();
        assert_eq!(codes.class(-1), ExitClass::Retry);
        assert_eq!(codes.class(3010), ExitClass::Failure, "a table that is given replaces the default one");
        assert_eq!(serde_json::to_string(&codes).unwrap(), r#"{"-1":"retry","0":"success"}"#);
        assert!(serde_json::from_str::<ExitCodes>(r#"{"10000000000": "success"}"#).is_err());
    }
}
