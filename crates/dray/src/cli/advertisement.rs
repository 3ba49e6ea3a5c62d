//! `dray advertisement`: which program, for which collection, when, and how far it is.

use clap::{Args, Subcommand, ValueEnum};
use dray_model::advertisement::{AdvertisementTerms, Assignment, Rerun};
use dray_model::api::advertisement::{
    AdvertisementSummary, AdvertisementView, ChangeAdvertisement, ChangeTerms, CreateAdvertisement, DeviceStatusView,
};
use dray_model::state::ClientState;
use dray_model::{Name, Timestamp};
use dray_schedule::Schedule;

use super::Context;
use crate::clock;
use crate::error::{Failure, Outcome};
use crate::input::instant;
use crate::output::{Fields, Listed, Shown, count, time};

/// Commands on advertisements.
#[derive(Debug, Subcommand)]
pub(crate) enum AdvertisementCommand {
    /// Advertise a program to a collection, as optional or mandatory
    Create {
        /// Name of the advertisement, unique among advertisements
        name: Name,
        /// Package of the program; clients run its newest release
        #[arg(long)]
        package: Name,
        /// The program
        #[arg(long)]
        program: Name,
        /// Collection of devices that get it
        #[arg(long)]
        collection: Name,
        #[command(flatten)]
        when: When,
    },
    /// List advertisements
    List,
    /// Show an advertisement and how many devices are in each state
    Show {
        /// The advertisement
        name: Name,
    },
    /// Change an advertisement, which publishes its next revision; anything not given stays as it is
    Change {
        /// The advertisement
        name: Name,
        /// Another package
        #[arg(long)]
        package: Option<Name>,
        /// Another program
        #[arg(long)]
        program: Option<Name>,
        /// Another collection
        #[arg(long)]
        collection: Option<Name>,
        /// Make it optional: remove all assignments
        #[arg(long, conflicts_with_all = ["mandatory", "at"])]
        optional: bool,
        #[command(flatten)]
        when: When,
    },
    /// Assign the program once more, now; the rerun rule decides whether it runs again
    Rerun {
        /// The advertisement
        name: Name,
    },
    /// List the devices of an advertisement and their states
    Devices {
        /// The advertisement
        name: Name,
        /// Only devices in this state, for example failed
        #[arg(long)]
        state: Option<ClientState>,
    },
    /// Withdraw an advertisement; running programs are not stopped
    Delete {
        /// The advertisement
        name: Name,
    },
}

/// When a program is offered and when it must run. Times are like 2026-12-01T18:00 (local) or 2026-12-01T17:00:00Z.
#[derive(Debug, Args)]
pub(crate) struct When {
    /// Run it as soon as a client has it; without this or --at it is optional
    #[arg(long)]
    mandatory: bool,
    /// Run it at this time, or as soon after as the client is up; may be repeated
    #[arg(long, value_name = "TIME", value_parser = instant)]
    at: Vec<Timestamp>,
    /// Do not offer it before this time
    #[arg(long, value_name = "TIME", value_parser = instant)]
    start: Option<Timestamp>,
    /// Do not start it after this time
    #[arg(long, value_name = "TIME", value_parser = instant)]
    expires: Option<Timestamp>,
    /// When an assignment reruns a program that has already run [default: if-failed]
    #[arg(long)]
    rerun: Option<RerunRule>,
    /// Title
    #[arg(long)]
    title: Option<String>,
    /// Comment
    #[arg(long)]
    comment: Option<String>,
}

/// [`Rerun`] on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RerunRule {
    /// Never, whatever the result
    Never,
    /// At each assignment
    Always,
    /// If the last run failed
    IfFailed,
    /// If the last run succeeded
    IfSucceeded,
}

impl From<RerunRule> for Rerun {
    fn from(rule: RerunRule) -> Self {
        match rule {
            RerunRule::Never => Self::Never,
            RerunRule::Always => Self::Always,
            RerunRule::IfFailed => Self::IfFailed,
            RerunRule::IfSucceeded => Self::IfSucceeded,
        }
    }
}

impl AdvertisementCommand {
    /// Does what the command says.
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let (api, output) = (&context.api, context.output);
        match self {
            Self::Create { name, package, program, collection, when } => {
                let terms = when.change()?.apply(AdvertisementTerms::new(package, program, collection));
                output.show(&api.create_advertisement(&CreateAdvertisement { name, terms }).await?)
            }
            Self::List => output.list(&api.advertisements().all().await?),
            Self::Show { name } => output.show(&api.advertisement(&name).await?),
            Self::Change { name, package, program, collection, optional, when } => {
                let mut terms = when.change()?;
                (terms.package, terms.program, terms.collection) = (package, program, collection);
                if optional {
                    terms.assignments = Some(Vec::new());
                }
                let advertisement = api.advertisement(&name).await?;
                if terms.clone().apply(advertisement.terms.clone()) == advertisement.terms {
                    return Err(Failure::usage("nothing to change")
                        .hint("give at least one option; see dray advertisement change --help"));
                }
                let request = ChangeAdvertisement { terms };
                output.show(&api.change_advertisement(&name, advertisement.revision, &request).await?)
            }
            Self::Rerun { name } => output.show(&api.rerun_advertisement(&name).await?),
            Self::Devices { name, state } => {
                output.list(&api.advertisement_devices(&name, state.as_ref().map(ClientState::as_str)).all().await?)
            }
            Self::Delete { name } => {
                api.delete_advertisement(&name).await?;
                output.remark(format!("withdrew advertisement {name}"))
            }
        }
    }
}

impl When {
    /// What is given.
    fn change(self) -> Outcome<ChangeTerms> {
        let assignments: Vec<_> = self
            .mandatory
            .then_some(Assignment::AsSoonAsPossible)
            .into_iter()
            .chain(self.at.into_iter().map(|time| Assignment::At { time }))
            .collect();
        Ok(ChangeTerms {
            title: super::text(self.title, "title")?,
            comment: super::text(self.comment, "comment")?,
            start: self.start.map(Some),
            expires: self.expires.map(Some),
            assignments: Some(assignments).filter(|given| !given.is_empty()),
            rerun: self.rerun.map(Rerun::from),
            ..ChangeTerms::default()
        })
    }
}

fn assignment_words(terms: &AdvertisementTerms) -> String {
    let word = |assignment: &Assignment| match assignment {
        Assignment::AsSoonAsPossible => "as soon as possible".to_owned(),
        Assignment::At { time: at } => format!("at {}", time(*at)),
    };
    if terms.is_mandatory() {
        terms.assignments.iter().map(word).collect::<Vec<_>>().join("\n")
    } else {
        "none; it is optional".to_owned()
    }
}

/// The next time that an assignment comes, here; clients that missed one run it when they can.
fn next_words(terms: &AdvertisementTerms) -> String {
    let next = Schedule::new(terms, &clock::zone()).next_after(clock::now());
    next.map_or_else(|| "none".to_owned(), |next| time(next.start))
}

fn rerun_words(rerun: Rerun) -> &'static str {
    match rerun {
        Rerun::Never => "never",
        Rerun::Always => "at each assignment",
        Rerun::IfFailed => "if the last run failed",
        Rerun::IfSucceeded => "if the last run succeeded",
    }
}

fn summary_words(summary: &AdvertisementSummary) -> String {
    let states: Vec<_> = summary.states.iter().map(|s| format!("{} {}", s.devices, s.state)).collect();
    let devices = count(summary.targeted, "device");
    match (summary.targeted, states.is_empty()) {
        (0, true) => devices,
        (_, true) => format!("{devices} without a report"),
        (_, false) => format!("{devices}: {}", states.join(", ")),
    }
}

impl Listed for AdvertisementView {
    const HEADINGS: &'static [&'static str] = &["name", "rev", "program", "collection", "kind", "devices"];
    const NONE: &'static str = "there are no advertisements";

    fn cells(&self) -> Vec<String> {
        vec![
            self.name.to_string(),
            self.revision.to_string(),
            format!("{}/{}", self.terms.package, self.terms.program),
            self.terms.collection.to_string(),
            if self.terms.is_mandatory() { "mandatory" } else { "optional" }.to_owned(),
            summary_words(&self.summary),
        ]
    }
}

impl Shown for AdvertisementView {
    fn fields(&self) -> Fields {
        let terms = &self.terms;
        let when = |instant: Option<Timestamp>, none: &str| instant.map_or_else(|| none.to_owned(), time);
        vec![
            ("name", self.name.to_string()),
            ("title", terms.title.to_string()),
            ("comment", terms.comment.to_string()),
            ("revision", format!("{}, published {}", self.revision, time(self.published_at))),
            ("program", format!("{}/{}", terms.package, terms.program)),
            ("collection", terms.collection.to_string()),
            ("start", when(terms.start, "at once")),
            ("expires", when(terms.expires, "never")),
            ("assignments", assignment_words(terms)),
            ("next", next_words(terms)),
            ("rerun", rerun_words(terms.rerun).to_owned()),
            ("devices", summary_words(&self.summary)),
        ]
    }
}

impl Listed for DeviceStatusView {
    const HEADINGS: &'static [&'static str] = &["device", "state", "release", "exit", "since", "reason"];
    const NONE: &'static str = "no device has reported on it yet";

    fn cells(&self) -> Vec<String> {
        vec![
            self.device_name.to_string(),
            self.standing.state.to_string(),
            self.release.to_string(),
            self.exit_code.map_or_else(|| "-".to_owned(), |code| code.to_string()),
            time(self.standing.since),
            self.standing.reason.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
        ]
    }
}
