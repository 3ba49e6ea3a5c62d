//! Members that the site has forgotten: seeing, accepting and refusing them.

use clap::Args;
use dray_model::Name;
use dray_model::api::client::MemberKind;
use dray_model::api::quarantine::{QuarantineOutcome, QuarantinedView};

use super::Context;
use crate::error::Outcome;
use crate::output::{Listed, count, time};

/// Members in one request; fewer were the last.
const AT_ONCE: u64 = 500;

/// Which members.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The member's id or name
    #[arg(required_unless_present = "all")]
    name: Option<Name>,
    /// All that wait
    #[arg(long, conflicts_with = "name")]
    all: bool,
}

/// Lists them.
pub(super) async fn list(context: &Context) -> Outcome {
    context.output.list(&context.api.quarantine().all().await?)
}

/// Lets them in.
pub(super) async fn accept(context: &Context, which: Which) -> Outcome {
    if let Some(name) = which.name {
        let view = context.api.accept_member(&name).await?;
        return context.output.remark(format!("accepted {}; it carries on by itself", view.member));
    }
    let done = all(async || Ok(context.api.accept_quarantine().await?)).await?;
    context.output.remark(format!("{} accepted", count(done.done, "member")))?;
    for name in done.left {
        context
            .output
            .remark(format!("{name} is still waiting: create it first with `dray point create {name} --url URL`"))?;
    }
    Ok(())
}

/// Shuts them out.
pub(super) async fn refuse(context: &Context, which: Which) -> Outcome {
    if let Some(name) = which.name {
        let view = context.api.refuse_member(&name).await?;
        return context.output.remark(format!("refused {}", view.member));
    }
    let done = all(async || Ok(context.api.refuse_quarantine().await?)).await?;
    context.output.remark(format!("{} refused", count(done.done, "member")))
}

/// Asks until all are done.
async fn all(ask: impl AsyncFn() -> Outcome<QuarantineOutcome>) -> Outcome<QuarantineOutcome> {
    let mut sum = QuarantineOutcome::default();
    loop {
        let QuarantineOutcome { done, left } = ask().await?;
        sum.done += done;
        let is_last = done + (left.len() as u64) < AT_ONCE || done == 0;
        sum.left = left;
        if is_last {
            return Ok(sum);
        }
    }
}

impl Listed for QuarantinedView {
    const HEADINGS: &'static [&'static str] = &["kind", "member", "name", "state", "certificate", "seen"];
    const NONE: &'static str = "nothing is waiting to be accepted";

    fn cells(&self) -> Vec<String> {
        let kind = match self.kind {
            MemberKind::Device => "device",
            MemberKind::Point => "point",
        };
        let state = if self.refused_at.is_some() { "refused" } else { "waiting" };
        let name = self.name.as_ref().map_or_else(|| "-".to_owned(), Name::to_string);
        vec![kind.to_owned(), self.member.to_string(), name, state.to_owned(), time(self.issued_at), time(self.seen_at)]
    }
}
