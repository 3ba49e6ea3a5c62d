//! `dray scope`: parts of the site's objects, for administrators who work on those alone.

use clap::Subcommand;
use dray_model::api::scope::{CreateScope, ScopeObject, ScopeView, ScopedKind};
use dray_model::{Name, Text};

use super::Context;
use crate::error::Outcome;
use crate::output::{Fields, Listed, Shown, time};

/// Commands on scopes.
#[derive(Debug, Subcommand)]
pub(crate) enum ScopeCommand {
    /// Make a scope; dray token create --scope makes a token that works on nothing else
    Create {
        /// Its name
        name: Name,
        /// A title for people
        #[arg(long)]
        title: Option<String>,
    },
    /// List scopes
    List,
    /// Show a scope
    Show {
        /// The scope
        name: Name,
    },
    /// List what is in a scope
    Objects {
        /// The scope
        name: Name,
    },
    /// Put an object into a scope; devices and advertisements are in it by their collections
    Add {
        /// The scope
        name: Name,
        /// What the object is: package, collection or point
        kind: ScopedKind,
        /// The object
        object: Name,
    },
    /// Take an object out of a scope
    Remove {
        /// The scope
        name: Name,
        /// What the object is: package, collection or point
        kind: ScopedKind,
        /// The object
        object: Name,
    },
    /// Delete a scope that no token is for; what is in it stays
    Delete {
        /// The scope
        name: Name,
    },
}

impl ScopeCommand {
    /// Does what the command says.
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let (api, output) = (&context.api, context.output);
        match self {
            Self::Create { name, title } => {
                let mut request = CreateScope { name, title: Text::default() };
                super::set_text(title, &mut request.title, "title")?;
                output.show(&api.create_scope(&request).await?)
            }
            Self::List => output.list(&api.scopes().all().await?),
            Self::Show { name } => output.show(&api.scope(&name).await?),
            Self::Objects { name } => output.list(&api.scope_objects(&name).all().await?),
            Self::Add { name, kind, object } => {
                let object = ScopeObject { kind, name: object };
                api.add_to_scope(&name, &object).await?;
                output.remark(format!("{} {} is in the scope {name}", kind.as_str(), object.name))
            }
            Self::Remove { name, kind, object } => {
                let object = ScopeObject { kind, name: object };
                api.remove_from_scope(&name, &object).await?;
                output.remark(format!("{} {} is not in the scope {name}", kind.as_str(), object.name))
            }
            Self::Delete { name } => {
                api.delete_scope(&name).await?;
                output.remark(format!("scope {name} is deleted"))
            }
        }
    }
}

impl Listed for ScopeView {
    const HEADINGS: &'static [&'static str] = &["name", "title", "objects", "created"];
    const NONE: &'static str = "there are no scopes";

    fn cells(&self) -> Vec<String> {
        vec![self.name.to_string(), self.title.to_string(), self.objects.to_string(), time(self.created_at)]
    }
}

impl Shown for ScopeView {
    fn fields(&self) -> Fields {
        vec![
            ("name", self.name.to_string()),
            ("title", self.title.to_string()),
            ("objects", self.objects.to_string()),
            ("created", time(self.created_at)),
        ]
    }
}

impl Listed for ScopeObject {
    const HEADINGS: &'static [&'static str] = &["kind", "name"];
    const NONE: &'static str = "nothing is in it";

    fn cells(&self) -> Vec<String> {
        vec![self.kind.as_str().to_owned(), self.name.to_string()]
    }
}
