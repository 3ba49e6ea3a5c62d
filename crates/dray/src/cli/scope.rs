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
    /// Create a scope; limit a token to it with dray token create --scope
    Create {
        /// Name of the scope
        name: Name,
        /// Title
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
    /// Add an object to a scope; devices and advertisements are in it through their collections
    Add {
        /// The scope
        name: Name,
        /// Kind of object: package, collection or point
        kind: ScopedKind,
        /// The object
        object: Name,
    },
    /// Remove an object from a scope
    Remove {
        /// The scope
        name: Name,
        /// Kind of object: package, collection or point
        kind: ScopedKind,
        /// The object
        object: Name,
    },
    /// Delete a scope; no token may be limited to it, and the objects in it are kept
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
                output.remark(format!("added {} {} to scope {name}", kind.as_str(), object.name))
            }
            Self::Remove { name, kind, object } => {
                let object = ScopeObject { kind, name: object };
                api.remove_from_scope(&name, &object).await?;
                output.remark(format!("removed {} {} from scope {name}", kind.as_str(), object.name))
            }
            Self::Delete { name } => {
                api.delete_scope(&name).await?;
                output.remark(format!("deleted scope {name}"))
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
    const NONE: &'static str = "there is nothing in it";

    fn cells(&self) -> Vec<String> {
        vec![self.kind.as_str().to_owned(), self.name.to_string()]
    }
}
