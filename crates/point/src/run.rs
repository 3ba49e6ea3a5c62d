//! A point at work: holding and serving side by side, until it is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dray_model::cause::in_full;
use dray_model::point::PointContentState;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::config::{Clock, PointConfig};
use crate::error::PointError;
use crate::folder::Folder;
use crate::hold::{self, Duty, Holder, Standings, Wiring};
use crate::identity::Identity;
use crate::serve::{Door, Served, Server, Serving};
use crate::session::Session;
use crate::summary::{Contact, ContentSummary, Summary};

/// Objects that may be suspected before the holder looks.
const SUSPECTS_MAX: usize = 64;
/// Shortest time between two summaries on disk, and the longest.
const SUMMARY_EVERY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

/// A distribution point.
#[derive(Debug)]
pub struct Point;

/// A point at work. Dropping it stops it at once; see [`stop`](Self::stop) for the polite way.
pub struct RunningPoint {
    state: Arc<State>,
    stop: watch::Sender<bool>,
    server: tokio::task::JoinHandle<()>,
    holding: JoinSet<()>,
}

/// What a summary is made from.
struct State {
    identity: Identity,
    folder: Arc<Folder>,
    clock: Clock,
    listening: SocketAddr,
    served: Arc<Served>,
    contact: watch::Receiver<Contact>,
    duty: watch::Receiver<Option<Arc<Duty>>>,
    standings: watch::Receiver<Standings>,
}

impl Point {
    /// Starts the enrolled point in `config.folder`. Once this returns it serves what it holds; the site need not be there.
    ///
    /// # Errors
    /// [`PointError`] when the folder, the identity or the port can't be used.
    pub async fn start(config: PointConfig) -> Result<RunningPoint, PointError> {
        let PointConfig { folder: root, listen, hold, serve, http, clock } = config;
        // Before the folder is made use of, so that nothing is left at a mistyped path.
        let identity = Identity::read(&root)?.ok_or_else(|| PointError::NotEnrolled(root.clone()))?;
        let folder = Arc::new(Folder::open(&root)?);
        let session = Session::new(identity.clone(), Arc::clone(&folder), http, Arc::clone(&clock))?;
        let duty = watch::Sender::new(Duty::read(&folder)?.map(Arc::new));
        let (contact, standings) = (watch::Sender::new(Contact::None), watch::Sender::new(Standings::default()));
        let (suspects, suspected) = mpsc::channel(SUSPECTS_MAX);
        let serving = Serving::new(Arc::clone(&folder), serve, suspects);
        let served = Arc::clone(&serving.served);
        let server = Server::listen(listen, Door::Site(session.tls()), serving).await?;
        let state = Arc::new(State {
            identity,
            folder: Arc::clone(&folder),
            clock: Arc::clone(&clock),
            listening: server.address(),
            served,
            contact: contact.subscribe(),
            duty: duty.subscribe(),
            standings: standings.subscribe(),
        });
        let (site, told) = (session.site(), (standings.subscribe(), duty.subscribe()));
        let wiring = Wiring { site: site.clone(), duty: duty.subscribe(), suspects: suspected, standings };
        let holder = Holder::new(Arc::clone(&folder), hold, Arc::clone(&clock), wiring).await?;

        let mut holding = JoinSet::new();
        holding.spawn(hold::keep_asking(site.clone(), folder, clock, duty, contact));
        holding.spawn(hold::keep_reporting(site, told.0, told.1));
        holding.spawn(holder.run());
        holding.spawn(session.keep_renewing());
        holding.spawn(keep_summary(Arc::clone(&state)));
        let stop = watch::Sender::new(false);
        let server = tokio::spawn(server.run(stop.subscribe()));
        tracing::info!(point = %state.identity.name, listening = %state.listening, "serving");
        Ok(RunningPoint { state, stop, server, holding })
    }

    /// Runs the point until `shutdown` is ready, then stops politely.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn run(config: PointConfig, shutdown: impl Future<Output = ()>) -> Result<(), PointError> {
        let point = Self::start(config).await?;
        shutdown.await;
        point.stop().await;
        Ok(())
    }
}

impl RunningPoint {
    /// Where it serves.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.state.listening
    }

    /// How it is.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.state.summary()
    }

    /// Waits until how it is `fits`, looking whenever anything changes.
    pub async fn wait_until(&self, fits: impl Fn(&Summary) -> bool) -> Summary {
        let (mut standings, mut contact) = (self.state.standings.clone(), self.state.contact.clone());
        loop {
            standings.mark_unchanged();
            contact.mark_unchanged();
            let summary = self.summary();
            if fits(&summary) {
                return summary;
            }
            let ended = tokio::select! {
                changed = standings.changed() => changed.is_err(),
                changed = contact.changed() => changed.is_err(),
            };
            if ended {
                // Nobody is left who could change it.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Takes no new callers, lets requests under way finish for a while, and stops all else. What was on its way is gone on
    /// with at the next start.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        self.holding.shutdown().await;
        if let Err(error) = (&mut self.server).await {
            tracing::error!(%error, "the server ended with an error");
        }
        self.state.write_summary().await;
        tracing::info!("stopped");
    }
}

impl Drop for RunningPoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl std::fmt::Debug for RunningPoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunningPoint").field("listening", &self.state.listening).finish_non_exhaustive()
    }
}

impl State {
    fn summary(&self) -> Summary {
        let standings = self.standings.borrow().clone();
        let duty = self.duty.borrow().clone();
        let content = |assignment: &dray_model::point::PointAssignment| ContentSummary {
            package: assignment.package.clone(),
            source_version: assignment.source_version,
            content: assignment.content,
            state: standings.contents.get(&assignment.content).cloned().unwrap_or(PointContentState::Pending),
        };
        Summary {
            format: Summary::FORMAT,
            at: (self.clock)(),
            point: self.identity.name.clone(),
            site: self.identity.site.clone(),
            site_url: self.identity.site_url.clone(),
            listening: self.listening,
            contact: self.contact.borrow().clone(),
            contents: duty.iter().flat_map(|duty| duty.contents.iter().map(content)).collect(),
            objects: standings.objects,
            bytes: standings.bytes,
            free_bytes: self.folder.free_bytes().ok(),
            served_requests: self.served.requests(),
            served_bytes: self.served.bytes(),
        }
    }

    async fn write_summary(self: &Arc<Self>) {
        let state = Arc::clone(self);
        let written = tokio::task::spawn_blocking(move || state.summary().write(state.folder.root())).await;
        if let Ok(Err(error)) = written {
            tracing::warn!(error = %in_full(&error), "cannot write the summary");
        }
    }
}

async fn keep_summary(state: Arc<State>) {
    let (shortest, longest) = SUMMARY_EVERY;
    let (mut standings, mut contact) = (state.standings.clone(), state.contact.clone());
    loop {
        state.write_summary().await;
        tokio::time::sleep(shortest).await;
        tokio::select! {
            _ = standings.changed() => {}
            _ = contact.changed() => {}
            () = tokio::time::sleep(longest) => {}
        }
    }
}
