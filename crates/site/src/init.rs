//! Makes a new site: folder, keys, database, first administrator token.
//!
//! Everything is made in a folder beside the wanted one, which takes its name at the very end: a site is there whole or not at
//! all. What stands in the folder, in the end:
//! `site.toml`, `admin.toml` (how to reach it, with a token), `keys/`, `dray.db` and `content/` unless configured elsewhere.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use dray_model::Name;
use dray_model::access::PredefinedRole;
use dray_model::api::token::{CreateToken, Issued, Token};
use dray_store::{Db, StoreError, meta};

use crate::actor::Actor;
use crate::clock::Clock;
use crate::collection::{self, CollectionError};
use crate::config::{AdminProfile, Limits, SiteConfig};
use crate::content_location::{self, ContentCheckError, ContentLocation, Environment, InvalidContentLocation};
use crate::fresh;
use crate::keys::{self, KeyError, SiteKeys};
use crate::role::{self, RoleError};
use crate::site::{OpenError, Site};
use crate::token::{self, TokenError};

/// Validity of the first administrator token: a year.
const FIRST_TOKEN_S: u32 = 365 * 24 * 60 * 60;

/// What a new site is made of. [`InitOptions::new`] is everything in one folder, reached over loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitOptions {
    /// `site.toml` as it will stand.
    pub config: SiteConfig,
    /// Address of the administrators' API, for `admin.toml`.
    pub url: String,
}

/// A site just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initialised {
    /// Its folder.
    pub dir: PathBuf,
    /// Its profile for the administrator's tool, as in `admin.toml`.
    pub profile: AdminProfile,
}

/// Why no site was made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is something in the folder.
    #[error("{0} is not empty; a new site needs an empty folder of its own")]
    NotEmpty(PathBuf),
    /// The database belongs to a site already.
    #[error("the database already belongs to the site {0}")]
    DatabaseInUse(String),
    /// A file or folder can't be made.
    #[error("cannot create {path}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What stood in the way.
        #[source]
        source: std::io::Error,
    },
    /// What the environment adds to the content's location.
    #[error("the content location in the environment is not valid")]
    ContentLocation(#[from] InvalidContentLocation),
    /// The content's location.
    #[error(transparent)]
    Content(#[from] ContentCheckError),
    /// Keys.
    #[error("cannot create the site's keys")]
    Keys(#[from] KeyError),
    /// Database.
    #[error("cannot create the site's database")]
    Store(#[from] StoreError),
    /// What was made doesn't open.
    #[error("cannot open the new site")]
    Open(#[from] OpenError),
    /// The roles that every site has.
    #[error("cannot make the first roles")]
    Role(#[from] RoleError),
    /// The collections that every site has.
    #[error("cannot create the first collections")]
    Collection(#[from] CollectionError),
    /// The first token.
    #[error("cannot create the first administrator token")]
    Token(#[from] TokenError),
}

impl InitOptions {
    /// Everything in one folder: SQLite, local content, both APIs on loopback.
    #[must_use]
    pub fn new(name: Name) -> Self {
        let config = SiteConfig {
            name,
            database: "sqlite:dray.db".to_owned(),
            content: ContentLocation::Folder("content".into()),
            admin_addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 7400)),
            client_addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 7401)),
            addresses: vec!["localhost".to_owned()],
            status_days: SiteConfig::default_status_days(),
            limits: Limits::default(),
        };
        Self { config, url: "https://localhost:7400".to_owned() }
    }
}

/// Makes a site in `dir`, which must be empty or absent. A bucket is tried out before anything is made.
///
/// # Errors
/// [`InitError`]; nothing is left in `dir` then. A PostgreSQL database may keep empty tables.
pub async fn init(dir: &Path, options: &InitOptions, clock: Clock) -> Result<Initialised, InitError> {
    if !fresh::is_free(dir) {
        return Err(InitError::NotEmpty(dir.to_owned()));
    }
    let environment = Environment::of_process();
    let mut options = options.clone();
    options.config.content = options.config.content.settled(&environment)?;
    content_location::check(&options.config.content, &environment).await?;
    let staging = fresh::beside(dir);
    fresh::make(&staging).map_err(|source| InitError::File { path: staging.clone(), source })?;
    let made = fill(&staging, &options, &environment, clock).await;
    let moved = made.and_then(|profile| place(&staging, dir).map(|()| profile));
    if moved.is_err() {
        let _ = fs::remove_dir_all(&staging);
    }
    Ok(Initialised { dir: dir.to_owned(), profile: moved? })
}

async fn fill(
    dir: &Path,
    options: &InitOptions,
    environment: &Environment,
    clock: Clock,
) -> Result<AdminProfile, InitError> {
    let keys = SiteKeys::generate(&options.config.name, clock())?;
    keys.save(&dir.join("keys"))?;
    let config = toml::to_string(&options.config).expect("the configuration is plain texts");
    write_file(&dir.join(SiteConfig::FILE), &config)?;
    claim_database(dir, &options.config, &clock).await?;
    let site = Site::open_with_clock(dir, clock).await?;
    let command = CreateToken {
        name: "first-administrator".parse().expect("a slug"),
        role: PredefinedRole::Administrator.name(),
        scope: None,
        valid_s: Some(FIRST_TOKEN_S),
    };
    let created = create_first(&site, command).await;
    site.close().await;
    let profile =
        AdminProfile { url: options.url.clone(), token: created?.secret, ca: keys.authority().ca_pem().to_owned() };
    let text = toml::to_string(&profile).expect("a profile is plain texts");
    keys::write(&dir.join(AdminProfile::FILE), &text)?;
    content_location::claim(&options.config.content, environment, options.config.name.as_str()).await?;
    Ok(profile)
}

/// Makes what every site begins with.
async fn create_first(site: &Site, command: CreateToken) -> Result<Issued<Token>, InitError> {
    role::create_predefined(site).await?;
    collection::create_predefined(site).await?;
    Ok(token::create(site, &Actor::System, command).await?)
}

/// Notes in the database whose it is, so that two sites never share one.
async fn claim_database(dir: &Path, config: &SiteConfig, clock: &Clock) -> Result<(), InitError> {
    let db = Db::open(&config.database_in(dir), clock()).await?;
    let mut tx = db.write().await?;
    if let Some(owner) = meta::get(&mut tx, meta::SITE_ID).await? {
        return Err(InitError::DatabaseInUse(owner));
    }
    meta::set(&mut tx, meta::SITE_ID, config.name.as_str()).await?;
    tx.commit().await?;
    db.close().await;
    Ok(())
}

fn write_file(path: &Path, text: &str) -> Result<(), InitError> {
    fs::write(path, text).map_err(|source| InitError::File { path: path.to_owned(), source })
}

fn place(staging: &Path, dir: &Path) -> Result<(), InitError> {
    fresh::place(staging, dir).map_err(|source| InitError::File { path: dir.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn options() -> InitOptions {
        InitOptions::new("site".parse().unwrap())
    }

    #[tokio::test]
    async fn a_new_site_opens_and_knows_its_first_administrator() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("site");
        let made = init(&dir, &options(), clock::system()).await.unwrap();
        assert_eq!(AdminProfile::load(&dir).unwrap(), made.profile);
        let site = Site::open(&dir).await.unwrap();
        let actor = token::authenticate(&site, &made.profile.token).await.unwrap();
        assert_eq!(actor.to_string(), "token:first-administrator");
        site.server_identity().unwrap();
    }

    #[tokio::test]
    async fn a_site_whose_database_is_gone_is_not_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("site");
        init(&dir, &options(), clock::system()).await.unwrap();
        let file = dir.join("dray.db");
        fs::remove_file(&file).unwrap();
        assert!(matches!(Site::open(&dir).await, Err(OpenError::NoDatabase(path)) if path == file));
        assert!(!file.exists());
        fs::write(&file, "").unwrap();
        assert!(matches!(Site::open(&dir).await, Err(OpenError::NoDatabase(_))));
    }

    #[tokio::test]
    async fn a_folder_with_something_in_it_is_refused_untouched() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "").unwrap();
        let refused = init(folder.path(), &options(), clock::system()).await;
        assert!(matches!(refused, Err(InitError::NotEmpty(_))));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_failed_making_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let mut options = options();
        options.config.database = "sqlite:nowhere/dray.db".to_owned();
        assert!(init(&folder.path().join("site"), &options, clock::system()).await.is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
