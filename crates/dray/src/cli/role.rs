//! `dray role`: what the holders of tokens may do.

use std::collections::BTreeSet;

use clap::Subcommand;
use dray_model::access::Grant;
use dray_model::api::role::{ChangeRole, CreateRole, RoleView};
use dray_model::{Name, Text};

use super::Context;
use crate::error::{Failure, Outcome};
use crate::output::{Fields, Listed, Shown, count, time};

/// Commands on roles.
#[derive(Debug, Subcommand)]
pub(crate) enum RoleCommand {
    /// Create a role; you can only grant what you are allowed to do yourself
    Create {
        /// Name of the role
        name: Name,
        /// What it allows, for example manage:package or read:device; may be repeated
        #[arg(long = "grant", value_name = "RIGHT", value_delimiter = ',', required = true)]
        grants: Vec<Grant>,
        /// Title
        #[arg(long)]
        title: Option<String>,
    },
    /// List roles
    List,
    /// Show a role
    Show {
        /// The role
        name: Name,
    },
    /// Change a role; anything not given stays as it is
    Change {
        /// The role
        name: Name,
        /// What it allows, in place of what it has allowed so far; may be repeated
        #[arg(long = "grant", value_name = "RIGHT", value_delimiter = ',')]
        grants: Vec<Grant>,
        /// Title
        #[arg(long)]
        title: Option<String>,
    },
    /// Delete a role; no token may have it
    Delete {
        /// The role
        name: Name,
    },
}

impl RoleCommand {
    /// Does what the command says.
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let (api, output) = (&context.api, context.output);
        match self {
            Self::Create { name, grants, title } => {
                let grants = grants.into_iter().collect();
                let mut request = CreateRole { name, title: Text::default(), grants };
                super::set_text(title, &mut request.title, "title")?;
                output.show(&api.create_role(&request).await?)
            }
            Self::List => output.list(&api.roles().all().await?),
            Self::Show { name } => output.show(&api.role(&name).await?),
            Self::Change { name, grants, title } => {
                let grants: BTreeSet<_> = grants.into_iter().collect();
                let mut request = ChangeRole { title: None, grants: (!grants.is_empty()).then_some(grants) };
                if let Some(title) = title {
                    super::set_text(Some(title), request.title.insert(Text::default()), "title")?;
                }
                if request == ChangeRole::default() {
                    return Err(Failure::usage("nothing to change")
                        .hint("give at least one option; see dray role change --help"));
                }
                let revision = api.role(&name).await?.revision;
                output.show(&api.change_role(&name, revision, &request).await?)
            }
            Self::Delete { name } => {
                api.delete_role(&name).await?;
                output.remark(format!("deleted role {name}"))
            }
        }
    }
}

fn words(grants: &BTreeSet<Grant>) -> String {
    let all: Vec<_> = grants.iter().map(ToString::to_string).collect();
    all.join(", ")
}

impl Listed for RoleView {
    const HEADINGS: &'static [&'static str] = &["name", "title", "rights"];
    const NONE: &'static str = "there are no roles";

    fn cells(&self) -> Vec<String> {
        let managed: Vec<_> =
            self.grants.iter().map(ToString::to_string).filter(|grant| !grant.starts_with("read:")).collect();
        let read = self.grants.len() - managed.len();
        let rights = match (managed.as_slice(), read) {
            ([], read) => format!("reads {} of objects", count(read as u64, "kind")),
            (managed, _) if managed.len() > 4 => format!("{} and {} more", managed[..3].join(", "), managed.len() - 3),
            (managed, _) => managed.join(", "),
        };
        vec![self.name.to_string(), self.title.to_string(), rights]
    }
}

impl Shown for RoleView {
    fn fields(&self) -> Fields {
        vec![
            ("name", self.name.to_string()),
            ("title", self.title.to_string()),
            ("rights", words(&self.grants)),
            ("predefined", if self.predefined { "yes" } else { "no" }.to_owned()),
            ("created", time(self.created_at)),
            ("changed", time(self.changed_at)),
        ]
    }
}
