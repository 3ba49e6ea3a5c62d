//! How a command fails: what was attempted, why it failed, what to do about it, and the exit code that scripts look at.
//!
//! Every error of the libraries becomes a [`Failure`] here, and only here is one printed. Text goes to standard error;
//! with `--output json` it is one JSON object instead.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use dray_model::cause;
use serde::Serialize;

use crate::output::Format;

/// The exit codes, as `dray --help` and the README list them. They are part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The operation was refused or failed.
    Failed = 1,
    /// The command line makes no sense. clap ends with the same code.
    Usage = 2,
    /// What the command names does not exist.
    NotFound = 3,
    /// A name is taken, something depends on it, or somebody else changed it meanwhile.
    Conflict = 4,
    /// The site can't be reached.
    Unreachable = 5,
    /// The token is missing, refused, or not good for this.
    Denied = 6,
}

impl Exit {
    /// The class of a refusal. Something that a request names beside its object is refused as a conflict, and is not found all the same.
    pub(crate) fn of_refusal(status: u16, code: &str) -> Self {
        match code {
            "unresolved" | "no_program" => Self::NotFound,
            _ => Self::of_status(status),
        }
    }

    const fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::Denied,
            404 | 410 => Self::NotFound,
            409 | 412 | 428 => Self::Conflict,
            502..=504 => Self::Unreachable,
            _ => Self::Failed,
        }
    }
}

/// A command that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    code: Option<String>,
}

/// What a command ends with.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure with the sentence that says what was attempted and on what.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), causes: Vec::new(), hint: None, code: None }
    }

    /// The operation failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// The command line makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// What the command names does not exist.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Exit::NotFound, message)
    }

    /// Adds an error and its sources as causes; a source that its parent's text repeats is left out.
    pub(crate) fn because(mut self, error: &(dyn std::error::Error + 'static)) -> Self {
        self.causes.extend(cause::words(error));
        self
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the site's stable code.
    pub(crate) fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Says in front what was going on.
    pub(crate) fn during(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// The class.
    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }

    /// The message and its causes in one line.
    pub(crate) fn sentence(&self) -> String {
        let mut sentence = self.message.clone();
        for cause in &self.causes {
            // Writing to a String can't fail.
            let _ = write!(sentence, ": {cause}");
        }
        sentence
    }

    /// Prints the failure to standard error and gives the exit code. A standard error that is gone changes nothing.
    pub(crate) fn report(&self, format: Format) -> ExitCode {
        let mut stderr = std::io::stderr().lock();
        let _ = match format {
            Format::Json => writeln!(stderr, "{}", serde_json::json!({ "error": self.as_json() })),
            Format::Table | Format::Yaml => stderr.write_all(self.as_text().as_bytes()),
        };
        ExitCode::from(self.exit as u8)
    }

    fn as_text(&self) -> String {
        let mut text = format!("error: {}\n", self.sentence());
        if let Some(hint) = &self.hint {
            let _ = writeln!(text, "hint: {hint}");
        }
        text
    }

    fn as_json(&self) -> FailureView<'_> {
        FailureView {
            exit: self.exit as u8,
            code: self.code.as_deref(),
            message: self.sentence(),
            hint: self.hint.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct FailureView<'a> {
    exit: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        let mut words = cause::words(error.as_ref()).into_iter();
        let mut failure = Self::failed(words.next().unwrap_or_default());
        failure.causes = words.collect();
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot open the profile")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn a_failure_says_what_why_and_what_to_do() {
        let io = std::io::Error::other("the disk is gone");
        let failure = Failure::failed("cannot log in").because(&Outer(io)).hint("plug it in");
        assert_eq!(
            failure.as_text(),
            "error: cannot log in: cannot open the profile: the disk is gone\nhint: plug it in\n"
        );
    }

    #[test]
    fn statuses_have_the_documented_exit_codes() {
        let exit = |status| Exit::of_status(status) as u8;
        assert_eq!([exit(400), exit(401), exit(403), exit(404)], [1, 6, 6, 3]);
        assert_eq!([exit(409), exit(412), exit(428), exit(422), exit(503)], [4, 4, 4, 1, 5]);
    }

    #[test]
    fn a_cause_that_repeats_its_parent_is_left_out() {
        let error = anyhow::anyhow!("address in use").context("cannot listen");
        assert_eq!(Failure::from(error).sentence(), "cannot listen: address in use");
    }
}
