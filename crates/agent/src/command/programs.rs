//! `programs`: what is offered to this device; `programs run`: start an optional one.

use clap::{Args, Subcommand};
use dray_model::state::Standing;
use serde::Deserialize;
use serde_json::Value;

use super::{Shown, output};
use crate::control::Request;

/// Arguments of `programs`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Programs {
    #[command(subcommand)]
    command: Option<ProgramsCommand>,
    #[command(flatten)]
    shown: Shown,
}

/// What is done with programs.
#[derive(Debug, Subcommand)]
enum ProgramsCommand {
    /// Start an optional program.
    Run {
        /// Name of the advertisement or of the program, or package/program.
        name: String,
        #[command(flatten)]
        shown: Shown,
    },
}

/// What is shown of a program.
#[derive(Debug, Deserialize)]
struct Row {
    name: String,
    package: String,
    program: String,
    mandatory: bool,
    can_request: bool,
    standing: Standing,
}

impl Programs {
    pub(super) fn carry_out(self) -> anyhow::Result<()> {
        match self.command {
            None => self.shown.ask(&Request::Programs, |rows: &Vec<Row>| table(rows)),
            Some(ProgramsCommand::Run { name, shown }) => {
                let said = format!("{name} will start as soon as possible");
                shown.ask(&Request::Start { name }, |_: &Value| said)
            }
        }
    }
}

fn table(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "no programs are advertised to this device".to_owned();
    }
    let cells: Vec<_> = rows.iter().map(Row::cells).collect();
    output::table(["ADVERTISEMENT", "PROGRAM", "KIND", "STATE", "REASON"], &cells)
}

impl Row {
    fn cells(&self) -> [String; 5] {
        let kind = match (self.mandatory, self.can_request) {
            (true, _) => "mandatory",
            (false, true) => "optional, can be started",
            (false, false) => "optional",
        };
        let program = format!("{}/{}", self.package, self.program);
        [self.name.clone(), program, kind.to_owned(), self.standing.state.to_string(), self.reason()]
    }

    fn reason(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.standing.reason.as_ref().map(ToString::to_string));
        parts.extend(self.standing.next.map(|next| format!("next at {next:.0}")));
        parts.join(", ")
    }
}
