//! `dray collection`: sets of devices, given by rules.

use clap::{Args, Subcommand};
use dray_model::Name;
use dray_model::api::collection::{
    ChangeCollection, CollectionMember, CollectionView, CreateCollection, PreviewCollection,
};
use dray_model::collection::{CollectionProperties, CollectionRule};

use super::Context;
use super::device::device_id;
use crate::error::{Failure, Outcome};
use crate::output::{Fields, Listed, Shown, count, render_table, time, time_or_dash};

/// Commands on collections.
#[derive(Debug, Subcommand)]
pub(crate) enum CollectionCommand {
    /// Create a collection; its members are all devices that match any of its rules
    Create {
        /// Name of the collection, unique among collections
        name: Name,
        #[command(flatten)]
        properties: Properties,
        #[command(flatten)]
        rules: Rules,
    },
    /// List collections
    List,
    /// Show a collection and its rules
    Show {
        /// The collection
        name: Name,
    },
    /// Change a collection; if any rules are given, they replace all existing rules
    Change {
        /// The collection
        name: Name,
        #[command(flatten)]
        properties: Properties,
        #[command(flatten)]
        rules: Rules,
    },
    /// List a collection's members
    Members {
        /// The collection
        name: Name,
    },
    /// Recompute a collection's members now
    Evaluate {
        /// The collection
        name: Name,
    },
    /// Show which devices an expression matches, without saving anything
    Preview {
        /// The expression, for example 'platform == "linux" && memory_bytes > 8000000000'
        expression: String,
    },
    /// Delete a collection; nothing may be advertised to it
    Delete {
        /// The collection
        name: Name,
    },
}

/// What a collection says of itself, where it is given.
#[derive(Debug, Args)]
pub(crate) struct Properties {
    /// Title
    #[arg(long)]
    title: Option<String>,
    /// Comment for administrators
    #[arg(long)]
    comment: Option<String>,
}

/// Rules of a collection.
#[derive(Debug, Args)]
pub(crate) struct Rules {
    /// Include every enrolled device
    #[arg(long)]
    all: bool,
    /// Include one device, by id or name; may be repeated
    #[arg(long = "device", value_name = "DEVICE")]
    devices: Vec<Name>,
    /// Include the devices that match an expression; may be repeated
    #[arg(long = "query", value_name = "EXPRESSION")]
    queries: Vec<String>,
}

impl CollectionCommand {
    /// Does what the command says.
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let api = &context.api;
        let output = context.output;
        match self {
            Self::Create { name, properties, rules } => {
                let mut own = CollectionProperties::default();
                properties.apply(&mut own)?;
                let rules = rules.resolve(context).await?;
                output.show(&api.create_collection(&CreateCollection { name, properties: own, rules }).await?)
            }
            Self::List => output.list(&api.collections().all().await?),
            Self::Show { name } => output.show(&api.collection(&name).await?),
            Self::Change { name, properties, rules } => change(context, name, properties, rules).await,
            Self::Members { name } => output.list(&api.collection_members(&name).all().await?),
            Self::Evaluate { name } => output.show(&api.evaluate_collection(&name).await?),
            Self::Preview { expression } => preview(context, &expression).await,
            Self::Delete { name } => {
                api.delete_collection(&name).await?;
                output.remark(format!("deleted collection {name}"))
            }
        }
    }
}

async fn change(context: &Context, name: Name, properties: Properties, rules: Rules) -> Outcome {
    let collection = context.api.collection(&name).await?;
    let mut own = collection.properties;
    let changed = properties.apply(&mut own)?;
    let rules = rules.resolve(context).await?;
    let request =
        ChangeCollection { properties: changed.then_some(own), rules: Some(rules).filter(|rules| !rules.is_empty()) };
    if request == ChangeCollection::default() {
        return Err(
            Failure::usage("nothing to change").hint("give at least one option; see dray collection change --help")
        );
    }
    context.output.show(&context.api.change_collection(&name, collection.revision, &request).await?)
}

async fn preview(context: &Context, expression: &str) -> Outcome {
    let reached = context
        .api
        .preview_collection(&PreviewCollection {
            expression: expression
                .parse()
                .map_err(|error| Failure::usage("cannot use the expression").because(&error))?,
        })
        .await?;
    let text = || {
        let mut text = format!("{} would be members\n", count(reached.members, "device"));
        if !reached.sample.is_empty() {
            text.push_str(&render_table(CollectionMember::HEADINGS, reached.sample.iter().map(Listed::cells), false));
        }
        text
    };
    context.output.either(text, &reached)
}

impl Properties {
    fn apply(self, properties: &mut CollectionProperties) -> Outcome<bool> {
        let title = super::set_text(self.title, &mut properties.title, "title")?;
        Ok(super::set_text(self.comment, &mut properties.comment, "comment")? || title)
    }
}

impl Rules {
    /// The rules with devices' names looked up.
    async fn resolve(self, context: &Context) -> Outcome<Vec<CollectionRule>> {
        let mut rules = Vec::new();
        if self.all {
            rules.push(CollectionRule::AllDevices);
        }
        for device in &self.devices {
            rules.push(CollectionRule::Direct { device: device_id(context, device).await? });
        }
        for query in self.queries {
            let expression = query.parse().map_err(|error| Failure::usage("invalid --query").because(&error))?;
            rules.push(CollectionRule::Query { expression });
        }
        Ok(rules)
    }
}

fn rule_words(rule: &CollectionRule) -> String {
    match rule {
        CollectionRule::AllDevices => "every enrolled device".to_owned(),
        CollectionRule::Direct { device } => format!("device {device}"),
        CollectionRule::Query { expression } => format!("devices that match {expression}"),
    }
}

impl Listed for CollectionView {
    const HEADINGS: &'static [&'static str] = &["name", "members", "rules", "evaluated", "title"];
    const NONE: &'static str = "there are no collections";

    fn cells(&self) -> Vec<String> {
        vec![
            self.name.to_string(),
            self.members.to_string(),
            self.rules.len().to_string(),
            time_or_dash(self.evaluated_at),
            self.properties.title.to_string(),
        ]
    }
}

impl Shown for CollectionView {
    fn fields(&self) -> Fields {
        let rules: Vec<_> = self.rules.iter().map(rule_words).collect();
        vec![
            ("name", self.name.to_string()),
            ("title", self.properties.title.to_string()),
            ("comment", self.properties.comment.to_string()),
            ("rules", if rules.is_empty() { "none; it has no members".to_owned() } else { rules.join("\n") }),
            ("members", self.members.to_string()),
            ("evaluated", time_or_dash(self.evaluated_at)),
            ("changed", time(self.changed_at)),
        ]
    }
}

impl Listed for CollectionMember {
    const HEADINGS: &'static [&'static str] = &["device", "id"];
    const NONE: &'static str = "it has no members";

    fn cells(&self) -> Vec<String> {
        vec![self.name.to_string(), self.device.to_string()]
    }
}
