//! Brings an agent up: folder, identity, memory, what lies on the disk, the link to the site; then the engine works.

use std::io;
use std::sync::Arc;

use dray_agent_core::{Agent, Event, ResumeError, RunObservation, Started};
use dray_client::ClientError;
use dray_client::content::BytesPerSecond;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use super::tasks::{Task, Tasks};
use super::{Engine, Memory, News, Outbound, Signals, run};
use crate::cache::{Cache, CacheError};
use crate::clock;
use crate::control::{self, Ask, Profile};
use crate::folder::{Folder, FolderError, SOCKET};
use crate::identity::{Identity, IdentityError};
use crate::platform::{Listener, WallTimer};
use crate::runs::{RunnerProgram, Runs, RunsError};
use crate::state::{Store, StoreError};
use crate::sync::{Link, follow_policy, keep_certificate, send_status, tell_facts};

/// Events that wait for the engine; who has more waits.
const EVENTS_MAX: usize = 64;
/// Local commands that wait for the engine.
const ASKED_MAX: usize = 8;

/// Why an agent can't work.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The folder can't be used, or another agent works in it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// There is no usable identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// There is no usable memory.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The memory is of a later version.
    #[error(transparent)]
    Resume(#[from] ResumeError),
    /// The runs can't be looked at.
    #[error(transparent)]
    Runs(#[from] RunsError),
    /// The contents can't be looked at.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The identity's key, certificate and authority don't belong together.
    #[error(transparent)]
    Link(#[from] ClientError),
    /// The system gives no timer, socket or random bits.
    #[error("cannot get the {what} from the system")]
    System {
        /// What it does not give.
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Runs the agent of a folder until `stop` completes. Programs that it started run on; the next start takes them up again.
/// Contents are fetched within `max_rate`.
///
/// # Errors
/// [`ServeError`], mostly before any work is begun.
pub async fn serve(
    folder: &Folder,
    runner: RunnerProgram,
    max_rate: Option<BytesPerSecond>,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let identity = Identity::load(folder)?;
    let _occupied = folder.occupy_soon().await?;
    let store = Store::open(&folder.state())?;
    let agent = Agent::resume(
        dray_agent_core::Identity { device: identity.device, name: identity.name.clone() },
        store.state()?,
    )?;
    let runs = Runs::open(&folder.runs(), runner)?;
    let cache = Cache::open(&folder.cache(), clock::now())?.with_max_rate(max_rate);
    let link = Arc::new(Link::new(identity.site()?, identity.trusted_keys.clone()));
    let listener = Listener::bind(folder.path(), SOCKET).map_err(system("socket"))?;
    let timer = WallTimer::new().map_err(system("timer"))?;

    let (sender, events) = mpsc::channel(EVENTS_MAX);
    let (ask, asked) = mpsc::channel::<Ask>(ASKED_MAX);
    let outbound = Outbound::new(sender);
    let (facts, facts_seen) = watch::channel(None);
    let (refused, refused_seen) = watch::channel(0);
    let signals = Signals { outbox: Arc::default(), facts, refused };
    let memory = Arc::new(Memory::new(store));
    let started = Started {
        boot_id: runs.boot_id().to_owned(),
        runs: runs.observe_all()?,
        contents: cache.contents()?,
        zone: clock::zone(),
    };
    tracing::info!(site = %identity.site_url, device = %identity.device, name = %identity.name, "the agent has started");

    // Dropped with this future, which ends them.
    let mut talk = JoinSet::new();
    talk.spawn(control::listen(listener, ask));
    let policy =
        follow_policy(Arc::clone(&link), Arc::clone(&memory), identity.name.clone(), outbound.clone(), refused_seen);
    talk.spawn(policy);
    talk.spawn(send_status(Arc::clone(&link), Arc::clone(&memory), Arc::clone(&signals.outbox)));
    talk.spawn(tell_facts(Arc::clone(&link), Arc::clone(&memory), facts_seen));
    talk.spawn(keep_certificate(folder.clone(), identity.clone(), Arc::clone(&link)));

    let profile = Profile::new(&identity, folder)?;
    let fetching = Arc::new(Semaphore::new(1));
    let tasks = Tasks::default();
    let mut engine = Engine { agent, memory, link, runs, cache, profile, tasks, outbound, signals, fetching };
    engine.follow_running(&started);
    engine.outbound.send(News::of(Event::Started(started))).await;
    tokio::select! {
        done = engine.work(events, asked, timer) => done.map_err(system("timer or random bits")),
        () = stop => {
            tracing::info!("the agent is stopping; running programs continue");
            Ok(())
        }
    }
}

impl Engine {
    /// Takes up the programs that an earlier agent started.
    fn follow_running(&mut self, started: &Started) {
        let running = started.runs.iter().filter(|(_, seen)| **seen == RunObservation::Running);
        for run in running.map(|(run, _)| *run) {
            let (runs, outbound) = (self.runs.clone(), self.outbound.clone());
            let work = async move { run::follow(&runs, run, &outbound).await };
            self.tasks.begin(Task::Run(run), &self.outbound, work);
        }
    }
}

fn system(what: &'static str) -> impl FnOnce(io::Error) -> ServeError {
    move |source| ServeError::System { what, source }
}
