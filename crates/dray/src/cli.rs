//! The command line: global options, the commands by resource, and which file carries out which.
//!
//! To add a resource: a file in `cli/` with its subcommands, the call of `dray_client::SiteApi`, and how its objects look in a table;
//! one line in [`ObjectCommand`] and one in its `run`. Nothing else happens here.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use dray_model::Text;

use crate::demo::DemoCommand;
use crate::error::{Failure, Outcome};
use crate::output::{Format, Output};
use crate::serve;

mod advertisement;
mod agent;
mod audit;
mod collection;
mod completion;
mod content;
mod context;
mod device;
mod enrolment_token;
mod job;
mod line;
mod login;
mod package;
mod point;
mod program;
mod role;
mod scope;
mod status;
mod token;
mod wait;
mod why;

pub(crate) use context::{Context, connect};
pub(crate) use line::parse;
pub(crate) use package::is_there;
pub(crate) use point::state_words;
pub(crate) use token::print as print_token;
pub(crate) use why::why_words;

const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  the operation was refused or failed
  2  the command line or the profile is invalid
  3  not found
  4  conflict: the name is taken, something depends on it, or somebody else changed it
  5  cannot reach the site
  6  denied: the token is invalid or does not allow this";

/// Distribute software to fleets of computers
#[derive(Debug, Parser)]
#[command(name = "dray", version, about, after_help = EXIT_CODES, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Dray {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Output format
    #[arg(long, global = true, value_enum, default_value_t, env = "DRAY_OUTPUT", hide_env = true)]
    pub(crate) output: Format,
    /// Profile with the address of the site and your token [default: ~/.config/dray/profile.toml]
    #[arg(long, global = true, value_name = "FILE", env = "DRAY_PROFILE")]
    profile: Option<PathBuf>,
    /// Exit when standard input is closed
    #[arg(long, global = true, hide = true)]
    pub(crate) exit_with_parent: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a complete demo on this machine: a site, a distribution point and agents
    Demo(DemoCommand),
    /// Create or run a site
    #[command(subcommand)]
    Site(serve::SiteCommand),
    /// Run the client agent on this computer, or query it
    Agent(agent::AgentLine),
    /// Log in to a site and save the profile that the other commands use
    Login(login::LoginCommand),
    #[command(flatten)]
    Objects(ObjectCommand),
    /// Manage distribution points, or run one
    Point(PointCommands),
    /// Look after content stores, and see what an update will cost
    #[command(subcommand)]
    Content(content::ContentCommand),
    /// Print a completion script for a shell
    Completion(completion::CompletionCommand),
}

/// Commands that do nothing but talk to the site's API.
#[derive(Debug, Subcommand)]
enum ObjectCommand {
    /// Manage packages: source folders, releases and where their content goes
    #[command(subcommand)]
    Package(package::PackageCommand),
    /// Manage programs, the command lines of a package
    #[command(subcommand)]
    Program(program::ProgramCommand),
    /// Manage collections, which are sets of devices
    #[command(subcommand)]
    Collection(collection::CollectionCommand),
    /// Manage advertisements: which program runs on which collection, and when
    #[command(subcommand)]
    Advertisement(advertisement::AdvertisementCommand),
    /// Manage devices, the enrolled computers
    #[command(subcommand)]
    Device(device::DeviceCommand),
    /// Manage enrolment tokens for computers and distribution points
    #[command(subcommand)]
    EnrolmentToken(enrolment_token::EnrolmentTokenCommand),
    /// Manage administrators' tokens
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Manage roles, which say what a token allows
    #[command(subcommand)]
    Role(role::RoleCommand),
    /// Manage scopes, which limit a token to some objects
    #[command(subcommand)]
    Scope(scope::ScopeCommand),
    /// Show, wait for or cancel the site's background jobs
    #[command(subcommand)]
    Job(job::JobCommand),
    /// Show what clients have reported, newest first
    Status(status::StatusCommand),
    /// Explain why a program is or is not installed on a device
    Why(why::WhyCommand),
    /// Show who changed what, newest first
    Audit(audit::AuditCommand),
}

/// `dray point` has two sides: the site's view of points, and being one.
#[derive(Debug, Args)]
struct PointCommands {
    #[command(subcommand)]
    command: PointSide,
}

#[derive(Debug, Subcommand)]
enum PointSide {
    #[command(flatten)]
    Site(point::PointCommand),
    #[command(flatten)]
    Here(serve::PointCommand),
}

impl Dray {
    /// Carries out the command.
    pub(crate) fn run(self) -> Outcome<ExitCode> {
        let Self { global, command } = self;
        let output = Output::new(global.output);
        let profile = global.profile.as_deref();
        match command {
            Command::Agent(line) => line.run(),
            Command::Site(command) => command.run(output, profile).map(done),
            Command::Objects(command) => {
                block_on(async { command.run(&Context::open(profile, output)?).await }).map(done)
            }
            Command::Point(PointCommands { command: PointSide::Site(command) }) => {
                block_on(async { command.run(&Context::open(profile, output)?).await }).map(done)
            }
            Command::Point(PointCommands { command: PointSide::Here(command) }) => command.run(output).map(done),
            Command::Demo(command) => command.run(output).map(done),
            Command::Content(command) => command.run(output, profile).map(done),
            Command::Completion(command) => command.run().map(done),
            Command::Login(command) => block_on(command.run(profile, output)).map(done),
        }
    }
}

impl ObjectCommand {
    async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Package(command) => command.run(context).await,
            Self::Program(command) => command.run(context).await,
            Self::Collection(command) => command.run(context).await,
            Self::Advertisement(command) => command.run(context).await,
            Self::Device(command) => command.run(context).await,
            Self::EnrolmentToken(command) => command.run(context).await,
            Self::Token(command) => command.run(context).await,
            Self::Role(command) => command.run(context).await,
            Self::Scope(command) => command.run(context).await,
            Self::Job(command) => command.run(context).await,
            Self::Status(command) => command.run(context).await,
            Self::Why(command) => command.run(context).await,
            Self::Audit(command) => command.run(context).await,
        }
    }
}

fn done((): ()) -> ExitCode {
    ExitCode::SUCCESS
}

/// Runs one command's requests; they wait more than they compute, so one thread does.
pub(crate) fn block_on<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed("cannot start the async runtime").because(&error))?;
    runtime.block_on(work)
}

/// A text that was given. One that is too long is a mistake on the command line.
fn text<const MAX: usize>(given: Option<String>, option: &str) -> Outcome<Option<Text<MAX>>> {
    let parsed = given.map(|given| given.parse()).transpose();
    parsed.map_err(|error| Failure::usage(format!("invalid value for --{option}")).because(&error))
}

/// Sets a text that was given; whether it was.
fn set_text<const MAX: usize>(given: Option<String>, target: &mut Text<MAX>, option: &str) -> Outcome<bool> {
    let Some(given) = text(given, option)? else { return Ok(false) };
    *target = given;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Dray::command().debug_assert();
    }

    #[test]
    fn a_point_is_administered_and_served_by_one_word() {
        for line in ["dray point list", "dray point serve --folder /srv/point --listen 127.0.0.1:0"] {
            Dray::try_parse_from(line.split(' ')).unwrap();
        }
    }
}
