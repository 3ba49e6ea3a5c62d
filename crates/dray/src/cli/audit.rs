//! `dray audit`: who changed what, when.

use clap::Args;
use dray_model::api::audit::AuditRecord;

use super::Context;
use crate::error::Outcome;
use crate::output::{Listed, time};

/// Arguments of `audit`.
#[derive(Debug, Args)]
pub(crate) struct AuditCommand {
    /// Maximum number of records to print, newest first
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    limit: usize,
}

impl AuditCommand {
    /// Prints the newest records.
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        context.output.list(&context.api.audit().first(self.limit).await?)
    }
}

impl Listed for AuditRecord {
    const HEADINGS: &'static [&'static str] = &["seq", "at", "actor", "action", "object"];
    const NONE: &'static str = "nothing has been changed yet";

    fn cells(&self) -> Vec<String> {
        vec![
            self.seq.to_string(),
            time(self.at),
            self.actor.clone(),
            self.action.clone(),
            format!("{} {}", self.object_kind, self.object_name),
        ]
    }
}
