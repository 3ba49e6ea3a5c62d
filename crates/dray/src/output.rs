//! What commands print: tables for people, JSON and YAML for programs. One command prints one value, in whichever format.
//!
//! Data goes to standard output and nothing else does; progress and remarks go to standard error. Without a terminal there are
//! no colours and no widths. A reader that went away (`| head`) ends the command quietly.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use serde::Serialize;

use crate::error::{Failure, Outcome};

mod human;
mod progress;
mod table;

pub(crate) use human::{bytes, count, local_times, seconds, time, time_or_dash};
pub(crate) use progress::Progress;
use table::render_fields;
pub(crate) use table::{Fields, Listed, Shown, render_table};

/// The form of what a command prints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns for people: local times with their offset, sizes in human units.
    #[default]
    Table,
    /// The API's own JSON, indented.
    Json,
    /// The same as YAML.
    Yaml,
}

/// Where and how a command prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    format: Format,
    terminal: bool,
}

impl Output {
    /// Standard output in `format`.
    pub(crate) fn new(format: Format) -> Self {
        Self { format, terminal: io::stdout().is_terminal() }
    }

    /// The form.
    pub(crate) const fn format(self) -> Format {
        self.format
    }

    /// The same place, in JSON unless it is YAML.
    pub(crate) const fn json(self) -> Self {
        match self.format {
            Format::Table => Self { format: Format::Json, terminal: self.terminal },
            Format::Json | Format::Yaml => self,
        }
    }

    /// Prints a list: a row for each item, or an array.
    pub(crate) fn list<T: Listed + Serialize>(self, items: &[T]) -> Outcome {
        match self.format {
            Format::Table if items.is_empty() => self.remark(T::NONE),
            Format::Table => self.write(&render_table(T::HEADINGS, items.iter().map(Listed::cells), self.terminal)),
            Format::Json | Format::Yaml => self.value(&items),
        }
    }

    /// Prints one object: a line for each field, or the object.
    pub(crate) fn show<T: Shown + Serialize>(self, item: &T) -> Outcome {
        match self.format {
            Format::Table => self.write(&render_fields(&item.fields())),
            Format::Json | Format::Yaml => self.value(item),
        }
    }

    /// Prints `text` for people, or `value` for programs.
    pub(crate) fn either<T: Serialize>(self, text: impl FnOnce() -> String, value: &T) -> Outcome {
        match self.format {
            Format::Table => self.write(&text()),
            Format::Json | Format::Yaml => self.value(value),
        }
    }

    /// Says to people, on standard error, what was done. Programs see it from the exit code.
    pub(crate) fn remark(self, text: impl AsRef<str>) -> Outcome {
        if self.format == Format::Table {
            // Nobody to read it: nothing to do about it.
            let _ = writeln!(io::stderr(), "{}", text.as_ref());
        }
        Ok(())
    }

    /// A bar on standard error where a person looks at it, without one where they read it later.
    pub(crate) fn progress(self, message: &str) -> Progress {
        let people = self.format == Format::Table;
        Progress::new(message, people, people && io::stderr().is_terminal())
    }

    fn value<T: Serialize + ?Sized>(self, value: &T) -> Outcome {
        let text = match self.format {
            Format::Yaml => serde_yaml_ng::to_string(value).map_err(|error| unprintable(&error))?,
            Format::Json | Format::Table => {
                serde_json::to_string_pretty(value).map_err(|error| unprintable(&error))? + "\n"
            }
        };
        self.write(&text)
    }

    fn write(self, text: &str) -> Outcome {
        print(text)
    }
}

/// Writes `text` to standard output as it is.
pub(crate) fn print(text: &str) -> Outcome {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed("cannot write to standard output").because(&error))
        }
        _ => Ok(()),
    }
}

fn unprintable(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::failed("cannot write the answer in this format").because(error)
}
