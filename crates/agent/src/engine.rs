//! The engine: one loop that feeds events to the state machine, keeps its state, and has its effects carried out.
//!
//! For every event: handle, commit state and messages together, and only then begin the effects; so a crash at any point loses
//! nothing and repeats nothing that can't be repeated. Nothing looks at anything regularly: the loop sleeps until an event, a
//! local command or the instant that the state machine names. Effects run in tasks ([`Tasks`]) that answer with events.

mod content;
mod effect;
mod memory;
mod run;
mod start;
mod tasks;

use std::io;
use std::sync::Arc;

use dray_agent_core::{Agent, Effect, Event};
use dray_model::facts::Facts;
use tokio::sync::{Notify, Semaphore, mpsc, watch};

use crate::cache::Cache;
use crate::clock;
use crate::control::{self, Ask, Profile};
use crate::platform::{self, WallTimer};
use crate::runs::Runs;
use crate::state::Taken;
use crate::sync::{Backoff, Link};

pub(crate) use memory::Memory;
pub use start::{ServeError, serve};
use tasks::Tasks;
pub(crate) use tasks::{News, Outbound};

/// An agent at work.
struct Engine {
    agent: Agent,
    memory: Arc<Memory>,
    link: Arc<Link>,
    runs: Runs,
    cache: Cache,
    profile: Profile,
    tasks: Tasks,
    outbound: Outbound,
    signals: Signals,
    /// Contents are fetched one after the other, in the order of their importance.
    fetching: Arc<Semaphore>,
}

/// What the engine tells the tasks that talk to the site.
#[derive(Debug, Clone)]
struct Signals {
    /// The outbox has grown.
    outbox: Arc<Notify>,
    /// The newest facts: those that the agent decides with.
    facts: watch::Sender<Option<Arc<Facts>>>,
    /// Counts policies that the state machine refused.
    refused: watch::Sender<u64>,
}

impl Engine {
    /// Works until the process ends; stopping it is dropping it.
    async fn work(
        mut self,
        mut events: mpsc::Receiver<News>,
        mut asked: mpsc::Receiver<Ask>,
        timer: WallTimer,
    ) -> Result<(), io::Error> {
        loop {
            let news = tokio::select! {
                Some(news) = events.recv() => {
                    self.tasks.done(&news);
                    news
                }
                Some(ask) = asked.recv() => match self.answer(ask) {
                    Some(event) => News::of(event),
                    None => continue,
                },
                fired = timer.wait(self.agent.next_wakeup()) => {
                    fired?;
                    News::of(Event::Timer)
                }
            };
            self.handle(news).await?;
        }
    }

    /// Takes an event through the state machine, keeps what came of it and begins its effects.
    async fn handle(&mut self, News { event, policy, .. }: News) -> Result<(), io::Error> {
        let effects = self.agent.handle(clock::now(), event, platform::random_bits()?);
        let taken = policy.filter(|_| effects.contains(&Effect::PolicyTaken));
        let mut messages = Vec::new();
        let mut others = Vec::new();
        for effect in effects {
            match effect {
                Effect::Report(message) => messages.push(message),
                other => others.push(other),
            }
        }
        self.keep(&messages, taken.as_ref()).await;
        if !messages.is_empty() {
            self.signals.outbox.notify_one();
        }
        self.signals.facts.send_if_modified(|known| replace_newer(known, self.agent.facts()));
        for effect in others {
            self.carry_out(effect);
        }
        Ok(())
    }

    /// Commits, however long that takes: no effect may happen before, and no event be forgotten. A full disk is waited out.
    async fn keep(&self, messages: &[dray_model::status::StatusMessage], taken: Option<&Taken>) {
        let mut backoff = Backoff::default();
        while let Err(error) = self.memory.with(|store| store.commit(self.agent.state(), messages, taken)) {
            tracing::error!(error = %dray_model::cause::in_full(&error), "cannot save the agent's state; waiting until it can");
            backoff.wait(None).await;
        }
    }

    /// Answers a local command; a program that was asked for becomes an event.
    fn answer(&self, ask: Ask) -> Option<Event> {
        let waiting_messages = self.memory.with(|store| store.outbox_len()).ok();
        let refused_messages = self.memory.with(|store| store.refused()).ok();
        let live = control::Live { waiting_messages, refused_messages, health: Some(self.link.health()) };
        let (answer, event) = control::answer(&self.agent, &self.profile, &live, clock::now(), &ask.request);
        // Who asked may be gone.
        let _ = ask.reply.send(answer);
        event
    }
}

/// Whether `newest` is other facts than those known, which it replaces then.
fn replace_newer(known: &mut Option<Arc<Facts>>, newest: Option<&Arc<Facts>>) -> bool {
    let is_newer = known.as_ref().map(Arc::as_ptr) != newest.map(Arc::as_ptr);
    if is_newer {
        *known = newest.cloned();
    }
    is_newer
}
