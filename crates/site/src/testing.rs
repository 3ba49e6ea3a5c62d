//! A site in a temporary folder for tests, here and in the crates above.

use dray_model::access::PredefinedRole;
use tempfile::TempDir;

use crate::actor::Actor;
use crate::clock;
use crate::config::Limits;
use crate::init::{InitOptions, Initialised, init};
use crate::site::Site;

/// A fresh site, on SQLite unless `DRAY_TEST_DATABASE` is `postgres`; its folder goes when this is dropped.
pub struct TestSite {
    /// The site.
    pub site: Site,
    /// How it was made.
    pub made: Initialised,
    _folder: TempDir,
}

/// Makes a site.
///
/// # Panics
/// When it can't.
pub async fn site() -> TestSite {
    site_within(Limits::default()).await
}

/// Makes a site with these limits.
///
/// # Panics
/// When it can't.
pub async fn site_within(limits: Limits) -> TestSite {
    make(limits, postgres()).await
}

/// Makes a site on SQLite whatever the tests run on, for those that copy its folder with the database in it.
///
/// # Panics
/// When it can't.
pub async fn site_in_a_folder() -> TestSite {
    make(Limits::default(), None).await
}

async fn make(limits: Limits, database: Option<String>) -> TestSite {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let dir = folder.path().join("site");
    let mut options = InitOptions::new("test".parse().expect("a slug"));
    options.config.limits = limits;
    if let Some(address) = database {
        options.config.database = address;
    }
    let made = init(&dir, &options, clock::system()).await.expect("a site can be made");
    let site = Site::open(&dir).await.expect("the new site opens");
    TestSite { site, made, _folder: folder }
}

/// The address of a fresh PostgreSQL database, when the tests are to run on one (`DRAY_TEST_DATABASE=postgres`).
fn postgres() -> Option<String> {
    let wanted = std::env::var_os("DRAY_TEST_DATABASE").is_some_and(|database| database == "postgres");
    wanted.then(dray_store::testing::postgres_address)
}

/// The sequence of the site's newest change.
///
/// # Panics
/// When the database can't be read.
pub async fn sequence(site: &Site) -> i64 {
    let mut snapshot = site.db().read().await.expect("the database answers");
    dray_store::feed::sequences(&mut snapshot).await.expect("the sequences are read").newest
}

/// An actor with the given role.
///
/// # Panics
/// Never.
#[must_use]
pub fn actor(role: PredefinedRole) -> Actor {
    Actor::Token { name: "test".parse().expect("a slug"), rights: role.into() }
}
