//! `dray point`: distribution points as the site knows them, what they hold, and running one (`enrol`, `serve`, `status`).

use clap::Subcommand;
use dray_client::BaseUrl;
use dray_model::Name;
use dray_model::api::point::{ChangePoint, CreatePoint, PointPackageView, PointView};
use dray_model::point::PointContentState;

use super::Context;
use crate::error::{Failure, Outcome};
use crate::output::{Fields, Listed, Shown, bytes, time, time_or_dash};

/// Commands on distribution points at the site.
#[derive(Debug, Subcommand)]
pub(crate) enum PointCommand {
    /// Register a distribution point; create a token for it to enrol with using dray enrolment-token create --point
    Create {
        /// Name of the point, unique among points
        name: Name,
        /// Address at which clients reach it, for example https://dp1.example:8446
        #[arg(long)]
        url: BaseUrl,
        /// Title
        #[arg(long)]
        title: Option<String>,
    },
    /// List distribution points
    List,
    /// Show a distribution point
    Show {
        /// The point
        name: Name,
    },
    /// Change a distribution point; anything not given stays as it is
    Change {
        /// The point
        name: Name,
        /// Address at which clients reach it; if the host changes, the point must enrol again
        #[arg(long)]
        url: Option<BaseUrl>,
        /// Title
        #[arg(long)]
        title: Option<String>,
        /// Whether to send clients to it
        #[arg(long, value_name = "true|false", action = clap::ArgAction::Set)]
        enabled: Option<bool>,
    },
    /// Delete a distribution point
    Delete {
        /// The point
        name: Name,
    },
    /// List the packages of a point and the state of each
    Packages {
        /// The point
        name: Name,
    },
    /// Assign a package to a point
    Assign {
        /// The point
        name: Name,
        /// The package
        package: Name,
    },
    /// Unassign a package from a point
    Unassign {
        /// The point
        name: Name,
        /// The package
        package: Name,
    },
}

impl PointCommand {
    /// Does what the command says.
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let (api, output) = (&context.api, context.output);
        match self {
            Self::Create { name, url, title } => {
                let mut request = CreatePoint { name, title: dray_model::Text::default(), url: url.to_string() };
                super::set_text(title, &mut request.title, "title")?;
                output.show(&api.create_point(&request).await?)
            }
            Self::List => output.list(&api.points().all().await?),
            Self::Show { name } => output.show(&api.point(&name).await?),
            Self::Change { name, url, title, enabled } => {
                let mut request = ChangePoint { title: None, url: url.map(|url| url.to_string()), enabled };
                if let Some(title) = title {
                    let text = request.title.insert(dray_model::Text::default());
                    super::set_text(Some(title), text, "title")?;
                }
                if request == ChangePoint::default() {
                    return Err(Failure::usage("nothing to change")
                        .hint("give at least one option; see dray point change --help"));
                }
                let revision = api.point(&name).await?.revision;
                output.show(&api.change_point(&name, revision, &request).await?)
            }
            Self::Delete { name } => {
                api.delete_point(&name).await?;
                output.remark(format!("deleted point {name}"))
            }
            Self::Packages { name } => output.list(&api.point_packages(&name).all().await?),
            Self::Assign { name, package } => {
                api.distribute(&name, &package).await?;
                output.remark(format!("assigned package {package} to point {name}"))
            }
            Self::Unassign { name, package } => {
                api.withdraw(&name, &package).await?;
                output.remark(format!("unassigned package {package} from point {name}"))
            }
        }
    }
}

impl Listed for PointView {
    const HEADINGS: &'static [&'static str] = &["name", "url", "enabled", "packages", "enrolled", "seen"];
    const NONE: &'static str = "there are no distribution points";

    fn cells(&self) -> Vec<String> {
        vec![
            self.name.to_string(),
            self.url.clone(),
            if self.enabled { "yes" } else { "no" }.to_owned(),
            self.packages.to_string(),
            if self.enrolled_at.is_some() { "yes" } else { "no" }.to_owned(),
            time_or_dash(self.seen_at),
        ]
    }
}

impl Shown for PointView {
    fn fields(&self) -> Fields {
        vec![
            ("name", self.name.to_string()),
            ("title", self.title.to_string()),
            ("url", self.url.clone()),
            ("enabled", if self.enabled { "yes" } else { "no; clients are not sent to it" }.to_owned()),
            ("packages", self.packages.to_string()),
            ("enrolled", self.enrolled_at.map_or_else(|| "not yet".to_owned(), time)),
            ("seen", time_or_dash(self.seen_at)),
        ]
    }
}

impl Listed for PointPackageView {
    const HEADINGS: &'static [&'static str] = &["point", "package", "wanted", "held", "state", "reported"];
    const NONE: &'static str = "it has no packages";

    fn cells(&self) -> Vec<String> {
        let version = |version: Option<u32>| version.map_or_else(|| "-".to_owned(), |number| number.to_string());
        vec![
            self.point.to_string(),
            self.package.to_string(),
            version(self.wanted),
            version(self.held),
            state_words(&self.state),
            time_or_dash(self.reported_at),
        ]
    }
}

/// Where a point is with a content.
pub(crate) fn state_words(state: &PointContentState) -> String {
    match state {
        PointContentState::Pending => "pending".to_owned(),
        PointContentState::Transferring { done_bytes, total_bytes } => {
            format!("transferring, {} of {}", bytes(*done_bytes), bytes(*total_bytes))
        }
        PointContentState::Installed { verified_at } => format!("installed, verified {}", time(*verified_at)),
        PointContentState::Failed { reason, next_try } => format!("failed: {reason}; next try {}", time(*next_try)),
        PointContentState::Other(unknown) => unknown.to_string(),
    }
}
