//! A site that is open: its database, content, keys and clock, and the two ways to begin an operation.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dray_model::{Name, Timestamp};
use dray_store::{Db, Snapshot, StoreError};
use dray_trust::certificate::{Identity, IssueError, NewIdentity};
use object_store::ObjectStore;
use tokio::sync::Notify;

use crate::actor::{Actor, Permission};
use crate::admission::Admission;
use crate::change::Change;
use crate::clock::{self, Clock};
use crate::config::{ConfigError, SiteConfig};
use crate::content_location::{Environment, OpenContentError};
use crate::enrolment::{Enrolling, Guesses, KnownTokens};
use crate::error::SiteError;
use crate::facts::{KeptOf, Reported};
use crate::feed::Feed;
use crate::history::Known;
use crate::keys::{KeyError, SiteKeys};
use crate::point::PointsWaiting;
use crate::policy::Policies;
use crate::presence::Presence;
use crate::quarantine::Heard;
use crate::status::StatusReport;
use crate::together::Together;

/// How long the certificate of a server process is good. It gets a new one at each start.
const SERVER_CERTIFICATE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A site. Cheap to clone; all clones are the same site.
#[derive(Clone)]
pub struct Site {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    config: SiteConfig,
    db: Db,
    content: Arc<dyn ObjectStore>,
    keys: SiteKeys,
    clock: Clock,
    work: Notify,
    feed: Feed,
    history: Known,
    heard: Together<Heard>,
    points_waiting: PointsWaiting,
    reports: Together<StatusReport>,
    kept_facts: Together<KeptOf>,
    reported_facts: Together<Reported>,
    enrolling: Together<Enrolling>,
    admission: Admission,
    presence: Arc<Presence>,
    guesses: Guesses,
    known_tokens: KnownTokens,
    policies: Policies,
}

/// Why a site can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its configuration.
    #[error("cannot open the site's configuration")]
    Config(#[from] ConfigError),
    /// Its keys.
    #[error("cannot open the site's keys")]
    Keys(#[from] KeyError),
    /// Its database.
    #[error("cannot open the site's database")]
    Store(#[from] StoreError),
    /// The file of its database is gone or empty. A new one would make the site forget everything, so none is begun.
    #[error("the site's database {} is missing; put the file back", .0.display())]
    NoDatabase(PathBuf),
    /// Its content.
    #[error("cannot open the site's content store {location}")]
    Content {
        /// Where it should be.
        location: String,
        /// What stood in the way.
        #[source]
        source: Box<OpenContentError>,
    },
}

/// Certificate and key of a server process, in PEM.
pub struct ServerIdentity {
    /// The certificate, then the authority's.
    pub chain_pem: String,
    /// Its private key; held in memory only.
    pub key_pem: String,
}

/// Why a server gets no certificate.
#[derive(Debug, thiserror::Error)]
pub enum ServerIdentityError {
    /// An address in the site's configuration.
    #[error("cannot use an address in the site's configuration")]
    Address(#[from] dray_trust::certificate::InvalidAddress),
    /// The authority refused.
    #[error("cannot issue the server's certificate")]
    Issue(#[from] IssueError),
}

impl Site {
    /// Opens the site in folder `dir`, by the machine's clock.
    ///
    /// # Errors
    /// [`OpenError`] names the part that can't be opened.
    pub async fn open(dir: &Path) -> Result<Self, OpenError> {
        Self::open_with_clock(dir, clock::system()).await
    }

    /// Opens the site in folder `dir`, by the given clock.
    ///
    /// # Errors
    /// As [`Site::open`].
    pub async fn open_with_clock(dir: &Path, clock: Clock) -> Result<Self, OpenError> {
        let config = SiteConfig::load(dir)?;
        let keys = SiteKeys::load(&dir.join("keys"))?;
        let content = config
            .content
            .open(dir, &Environment::of_process())
            .map_err(|source| OpenError::Content { location: config.content.to_string(), source: Box::new(source) })?;
        if let Some(file) = config.database_file_in(dir).filter(|file| is_missing(file)) {
            return Err(OpenError::NoDatabase(file));
        }
        let db = Db::open(&config.database_in(dir), clock()).await?;
        let mut snapshot = db.read().await?;
        let sequences = dray_store::feed::sequences(&mut snapshot).await?;
        let history = Known::read(&mut snapshot).await?;
        drop(snapshot);
        let inner = Inner {
            dir: dir.to_owned(),
            config,
            db,
            content,
            keys,
            clock,
            work: Notify::new(),
            feed: Feed::starting_at(sequences),
            history,
            heard: Together::default(),
            points_waiting: PointsWaiting::default(),
            reports: Together::default(),
            kept_facts: Together::default(),
            reported_facts: Together::default(),
            enrolling: Together::default(),
            admission: Admission::default(),
            presence: Arc::default(),
            guesses: Guesses::default(),
            known_tokens: KnownTokens::default(),
            policies: Policies::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The site's name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.inner.config.name
    }

    /// The site's folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &SiteConfig {
        &self.inner.config
    }

    /// Its content store.
    #[must_use]
    pub fn content(&self) -> &Arc<dyn ObjectStore> {
        &self.inner.content
    }

    /// Its keys.
    #[must_use]
    pub fn keys(&self) -> &SiteKeys {
        &self.inner.keys
    }

    /// Its database, for operations that need neither an administrator's right nor the audit log, like reports of devices.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.inner.db
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.inner.clock)()
    }

    /// Begins to read, if the actor may.
    ///
    /// # Errors
    /// [`SiteError::Denied`], or the database's.
    pub async fn read(&self, actor: &Actor, permission: Permission) -> Result<Snapshot, SiteError> {
        actor.authorise(permission)?;
        Ok(self.db().read().await?)
    }

    /// Begins to change something, if the actor may. No other change of this kind runs meanwhile: keep it short.
    ///
    /// # Errors
    /// [`SiteError::Denied`], or the database's.
    pub async fn change<'a>(&'a self, actor: &'a Actor, permission: Permission) -> Result<Change<'a>, SiteError> {
        actor.authorise(permission)?;
        let tx = self.db().write().await?;
        Ok(Change::new(self, actor, self.now(), tx))
    }

    /// As [`Site::change`], for what several devices report at once.
    pub(crate) async fn change_by_devices(&self) -> Result<Change<'_>, StoreError> {
        let tx = self.db().write().await?;
        Ok(Change::new(self, &Actor::System, self.now(), tx))
    }

    /// A fresh certificate for this server process, good for the configured addresses and loopback.
    ///
    /// # Errors
    /// [`ServerIdentityError`].
    pub fn server_identity(&self) -> Result<ServerIdentity, ServerIdentityError> {
        let mut addresses = vec!["localhost".parse()?, "127.0.0.1".parse()?, "::1".parse()?];
        for text in &self.config().addresses {
            let address = text.parse()?;
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        let NewIdentity { key_pem, csr_pem } = NewIdentity::generate();
        let issued =
            self.keys().authority().issue(&csr_pem, &Identity::Site, &addresses, SERVER_CERTIFICATE, self.now())?;
        Ok(ServerIdentity { chain_pem: issued.chain_pem, key_pem })
    }

    /// What this process knows of the change feed.
    pub(crate) fn feed(&self) -> &Feed {
        &self.inner.feed
    }

    /// What this process knows of the site's eras.
    pub(crate) fn history(&self) -> &Known {
        &self.inner.history
    }

    /// Members that aren't known, to be taken down.
    pub(crate) fn heard(&self) -> &Together<Heard> {
        &self.inner.heard
    }

    /// Status messages that wait to be written.
    pub(crate) fn reports(&self) -> &Together<StatusReport> {
        &self.inner.reports
    }

    /// Devices of which it is to be read what is kept.
    pub(crate) fn kept_facts(&self) -> &Together<KeptOf> {
        &self.inner.kept_facts
    }

    /// Facts that wait to be written.
    pub(crate) fn reported_facts(&self) -> &Together<Reported> {
        &self.inner.reported_facts
    }

    /// Devices that wait to be enrolled.
    pub(crate) fn enrolling(&self) -> &Together<Enrolling> {
        &self.inner.enrolling
    }

    /// Points that wait for other assignments.
    pub(crate) fn points_waiting(&self) -> &PointsWaiting {
        &self.inner.points_waiting
    }

    /// Whose certificates count.
    #[must_use]
    pub fn admission(&self) -> &Admission {
        &self.inner.admission
    }

    /// Which devices were heard of lately, and which hold a request now.
    #[must_use]
    pub fn presence(&self) -> &Arc<Presence> {
        &self.inner.presence
    }

    /// Who guesses enrolment tokens.
    pub(crate) fn guesses(&self) -> &Guesses {
        &self.inner.guesses
    }

    /// What this process knows of enrolment tokens.
    pub(crate) fn known_tokens(&self) -> &KnownTokens {
        &self.inner.known_tokens
    }

    /// What this process knows of policies.
    pub(crate) fn policies(&self) -> &Policies {
        &self.inner.policies
    }

    /// Tells the workers of this process that there may be work.
    pub(crate) fn wake_workers(&self) {
        self.inner.work.notify_one();
    }

    /// Waits until [`Site::wake_workers`] is called, or returns at once if it was since the last wait.
    pub(crate) async fn woken(&self) {
        self.inner.work.notified().await;
    }

    /// Closes the database. Everything that still uses the site fails from here on.
    pub async fn close(&self) {
        self.inner.db.close().await;
    }
}

/// Whether the site can do its work: its database answers.
///
/// # Errors
/// The database's.
pub async fn ready(site: &Site) -> Result<(), SiteError> {
    dray_store::meta::get(&mut site.db().read().await?, dray_store::meta::SITE_ID).await?;
    Ok(())
}

/// What stands in the way otherwise is told by opening it.
fn is_missing(file: &Path) -> bool {
    match std::fs::metadata(file) {
        Ok(found) => found.len() == 0,
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}
