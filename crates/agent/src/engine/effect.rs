//! Which effect is carried out by whom.

use std::sync::Arc;

use dray_agent_core::{Effect, Event};
use tokio::task::JoinError;

use super::tasks::Task;
use super::{Engine, content, run};
use crate::facts::{Limits, take};
use crate::sync::fetch_document;

impl Engine {
    /// Begins an effect. What was begun before and still runs is not begun again.
    pub(super) fn carry_out(&mut self, effect: Effect) {
        let outbound = self.outbound.clone();
        match effect {
            Effect::Report(_) => unreachable!("messages are committed with the state"),
            Effect::PolicyRefused(refusal) => {
                tracing::error!(%refusal, "ignored a policy from the site");
                self.signals.refused.send_modify(|count| *count += 1);
            }
            Effect::PolicyTaken => {}
            Effect::SiteReturned => self.tell_facts_again(),
            Effect::TakeFacts { ticket } => self.tasks.begin(Task::Facts(ticket), &outbound, async move {
                let taken = tokio::task::spawn_blocking(|| take(&Limits::default())).await;
                let facts = match taken.map_err(JoinError::try_into_panic) {
                    Ok(facts) => facts,
                    Err(Ok(panic)) => std::panic::resume_unwind(panic),
                    // The runtime ends, and this task with it.
                    Err(Err(_)) => std::future::pending().await,
                };
                Event::FactsTaken { ticket, facts: Arc::new(facts) }
            }),
            Effect::FetchDocument { digest, kind } => {
                let work = fetch_document(Arc::clone(&self.link), digest, kind);
                self.tasks.begin(Task::Document(digest), &outbound, work);
            }
            Effect::FetchContent { content } => {
                let (turn, digest) = (Arc::clone(&self.fetching), content.digest);
                let work = content::fetch(turn, self.cache.clone(), Arc::clone(&self.link), content, outbound.clone());
                self.tasks.begin(Task::Content(digest), &outbound, work);
            }
            Effect::CancelFetch { content } => self.tasks.cancel(Task::Content(content)),
            Effect::RemoveContent { content } => {
                self.tasks.cancel(Task::Content(content));
                self.cache.remove(content);
            }
            Effect::StartRun(spec) => {
                let work = run::start(self.runs.clone(), self.cache.clone(), *spec.clone(), outbound.clone());
                self.tasks.begin(Task::Run(spec.run), &outbound, work);
            }
            Effect::VoidRun { run } => {
                let work = run::void(self.runs.clone(), run, outbound.clone());
                self.tasks.begin(Task::Run(run), &outbound, work);
            }
            Effect::RemoveRun { run } => {
                if let Err(error) = self.runs.remove(run) {
                    // The next start finds it again.
                    tracing::warn!(error = %dray_model::cause::in_full(&error), "cannot delete a run's folder");
                }
            }
        }
    }

    /// The site has forgotten what it was told since its copy was made.
    fn tell_facts_again(&self) {
        tracing::warn!("the site was restored from an older copy; reporting everything to it again");
        if let Err(error) = self.memory.with(|store| store.forget_facts_told()) {
            tracing::warn!(error = %dray_model::cause::in_full(&error), "the site gets the facts again within a week");
        }
        self.signals.facts.send_modify(|_| {});
    }
}
