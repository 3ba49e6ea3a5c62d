//! Effects that take time: one task for each thing, so that an effect that is asked for twice runs once.

use std::collections::HashMap;

use bytes::Bytes;
use dray_agent_core::Event;
use dray_model::history::Holds;
use dray_model::policy::Policy;
use dray_model::{Digest, RunId};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::state::Taken;

/// What a task is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Task {
    Document(Digest),
    Content(Digest),
    Run(RunId),
    Facts(u64),
}

/// An event, and the task that it ends.
#[derive(Debug)]
pub(crate) struct News {
    pub(super) event: Event,
    pub(super) ends: Option<Task>,
    /// The policy that the event brings, as it is to be kept if it counts.
    pub(super) policy: Option<Taken>,
}

/// The way into the engine.
#[derive(Debug, Clone)]
pub(crate) struct Outbound(mpsc::Sender<News>);

/// The tasks that run. Dropping them ends them.
#[derive(Debug, Default)]
pub(super) struct Tasks(HashMap<Task, AbortHandle>);

impl News {
    /// An event that ends no task.
    pub(crate) const fn of(event: Event) -> Self {
        Self { event, ends: None, policy: None }
    }

    /// A policy whose signature holds, with its envelope.
    pub(crate) fn of_policy(policy: Policy, envelope: Bytes) -> Self {
        let taken = Taken { holds: Holds::of(&policy), envelope };
        Self { event: Event::PolicyReceived(policy), ends: None, policy: Some(taken) }
    }
}

impl Outbound {
    pub(super) const fn new(sender: mpsc::Sender<News>) -> Self {
        Self(sender)
    }

    /// Hands an event over; waits while the engine is busy.
    pub(crate) async fn send(&self, news: News) {
        // Without an engine nobody is left who cares.
        let _ = self.0.send(news).await;
    }
}

impl Tasks {
    /// Runs `work`, whose event goes to the engine, unless the same is running.
    pub(super) fn begin(
        &mut self,
        task: Task,
        outbound: &Outbound,
        work: impl Future<Output = Event> + Send + 'static,
    ) {
        if self.0.contains_key(&task) {
            return;
        }
        let outbound = outbound.clone();
        let running = tokio::spawn(async move {
            let event = work.await;
            outbound.send(News { event, ends: Some(task), policy: None }).await;
        });
        self.0.insert(task, running.abort_handle());
    }

    /// A task's event has come: the same may begin again.
    pub(super) fn done(&mut self, news: &News) {
        if let Some(task) = news.ends {
            self.0.remove(&task);
        }
    }

    /// Ends a task without an event.
    pub(super) fn cancel(&mut self, task: Task) {
        if let Some(running) = self.0.remove(&task) {
            running.abort();
        }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.values().for_each(AbortHandle::abort);
    }
}
