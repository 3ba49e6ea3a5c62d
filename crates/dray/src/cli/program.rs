//! `dray program`: the command lines of a package. A change publishes the next release of the package with the same content.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use dray_model::Name;
use dray_model::api::package::{ChangePackage, PackageView};
use dray_model::program::{CommandLine, ExitClass, ExitCodes, Expression, MaxRunTime, Program};

use super::Context;
use crate::error::{Exit, Failure, Outcome};
use crate::input::{self, Bytes, Seconds};
use crate::output::{Listed, seconds};

/// Commands on the programs of a package.
#[derive(Debug, Subcommand)]
pub(crate) enum ProgramCommand {
    /// Add a program to a package
    Add {
        /// The package
        package: Name,
        /// Name of the program, unique in the package
        name: Name,
        /// Command line; its first word is looked up in the content, then in the system's search path
        command: CommandLine,
        #[command(flatten)]
        settings: Settings,
    },
    /// Change a program; anything not given stays as it is
    Change {
        /// The package
        package: Name,
        /// The program
        name: Name,
        /// New command line
        #[arg(long)]
        command: Option<CommandLine>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Remove a program from a package
    Remove {
        /// The package
        package: Name,
        /// The program
        name: Name,
    },
    /// List a package's programs
    List {
        /// The package
        package: Name,
    },
}

/// Settings of a program, where they are given.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// Title
    #[arg(long)]
    title: Option<String>,
    /// Comment, shown on the client
    #[arg(long)]
    comment: Option<String>,
    /// Working folder, absolute or relative to the content; empty for the content folder itself
    #[arg(long, value_name = "DIR")]
    start_in: Option<String>,
    /// Stop the program and all its processes after this time, 1m to 7d [default: 2h]
    #[arg(long, value_name = "TIME")]
    max_run_time: Option<Seconds>,
    /// Free disk space that the program needs to run; 0 for no check
    #[arg(long, value_name = "SIZE")]
    disk_space: Option<Bytes>,
    /// Condition on the device's facts; the program does not run on devices that do not meet it. Empty for none
    #[arg(long, value_name = "EXPRESSION")]
    requirement: Option<String>,
    /// Condition that is true once the program has had its effect, checked with fresh facts. Empty for none
    #[arg(long, value_name = "EXPRESSION")]
    detect: Option<String>,
    /// Meaning of an exit code, as CODE=CLASS; may be repeated, and replaces the whole table
    #[arg(long = "exit-code", value_name = "CODE=CLASS", value_parser = input::exit_code)]
    exit_codes: Vec<(i64, ExitClass)>,
    /// How many times to run it again if its exit code asks for that [default: 1008]
    #[arg(long, value_name = "NUMBER")]
    retry_count: Option<u32>,
    /// Time between two attempts [default: 10m]
    #[arg(long, value_name = "TIME")]
    retry_interval: Option<Seconds>,
    /// Whether to disable it on all clients
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    disabled: Option<bool>,
}

impl ProgramCommand {
    /// Does what the command says.
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Add { package, name, command, settings } => {
                let view = context.api.package(&package).await?;
                if view.programs.iter().any(|program| program.name == name) {
                    return Err(Failure::new(
                        Exit::Conflict,
                        format!("package {package} already has a program {name}"),
                    )
                    .hint(format!("change it with dray program change {package} {name}")));
                }
                let mut program = Program::new(name, command);
                settings.apply(&mut program)?;
                let programs = view.programs.iter().cloned().chain([program]).collect();
                save(context, &view, programs).await
            }
            Self::Change { package, name, command, settings } => {
                let view = context.api.package(&package).await?;
                let mut programs = view.programs.clone();
                let program = find(&mut programs, &package, &name)?;
                if let Some(command) = command {
                    program.command = command;
                }
                settings.apply(program)?;
                if programs == view.programs {
                    return Err(Failure::usage("nothing to change")
                        .hint("give at least one option; see dray program change --help"));
                }
                save(context, &view, programs).await
            }
            Self::Remove { package, name } => {
                let view = context.api.package(&package).await?;
                let mut programs = view.programs.clone();
                find(&mut programs, &package, &name)?;
                programs.retain(|program| program.name != name);
                save(context, &view, programs).await
            }
            Self::List { package } => context.output.list(&context.api.package(&package).await?.programs),
        }
    }
}

fn find<'a>(programs: &'a mut [Program], package: &Name, name: &Name) -> Outcome<&'a mut Program> {
    programs.iter_mut().find(|program| program.name == *name).ok_or_else(|| {
        Failure::not_found(format!("package {package} has no program {name}"))
            .hint(format!("list its programs with dray program list {package}"))
    })
}

async fn save(context: &Context, package: &PackageView, programs: Vec<Program>) -> Outcome {
    let request = ChangePackage { programs: Some(programs), ..ChangePackage::default() };
    let changed = context.api.change_package(&package.name, package.revision, &request).await?;
    context.output.list(&changed.programs)
}

impl Settings {
    fn apply(self, program: &mut Program) -> Outcome {
        super::set_text(self.title, &mut program.title, "title")?;
        super::set_text(self.comment, &mut program.comment, "comment")?;
        if let Some(folder) = self.start_in {
            let mut text = program.start_in.take().unwrap_or_default();
            super::set_text(Some(folder), &mut text, "start-in")?;
            program.start_in = Some(text).filter(|text| !text.is_empty());
        }
        if let Some(Seconds(limit)) = self.max_run_time {
            program.max_run_time =
                MaxRunTime::try_from(limit).map_err(|error| Failure::usage("--max-run-time").because(&error))?;
        }
        if let Some(Bytes(bytes)) = self.disk_space {
            program.disk_space_bytes = Some(bytes).filter(|bytes| *bytes > 0);
        }
        set_expression(self.requirement, &mut program.requirement);
        set_expression(self.detect, &mut program.detect);
        if !self.exit_codes.is_empty() {
            let classes: BTreeMap<_, _> = self.exit_codes.into_iter().collect();
            program.exit_codes =
                ExitCodes::try_from(classes).map_err(|error| Failure::usage("--exit-code").because(&error))?;
        }
        program.retry.count = self.retry_count.unwrap_or(program.retry.count);
        program.retry.interval_s = self.retry_interval.map_or(program.retry.interval_s, |interval| interval.0);
        program.disabled = self.disabled.unwrap_or(program.disabled);
        Ok(())
    }
}

/// The site parses, checks and compiles the text.
fn set_expression(given: Option<String>, expression: &mut Option<Expression>) {
    if let Some(text) = given {
        *expression = (!text.trim().is_empty()).then_some(Expression { text, compiled: serde_json::Value::Null });
    }
}

impl Listed for Program {
    const HEADINGS: &'static [&'static str] = &["name", "command", "limit", "requirement", "detect", "disabled"];
    const NONE: &'static str = "the package has no programs";

    fn cells(&self) -> Vec<String> {
        let text = |expression: &Option<Expression>| expression.as_ref().map_or("-", |e| &e.text).to_owned();
        vec![
            self.name.to_string(),
            self.command.as_str().to_owned(),
            seconds(std::time::Duration::from_secs(self.max_run_time.seconds().into())),
            text(&self.requirement),
            text(&self.detect),
            if self.disabled { "yes" } else { "no" }.to_owned(),
        ]
    }
}
