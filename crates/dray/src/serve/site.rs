//! `dray site`: making a site in a folder, and serving it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use dray_api::{Running, ServeOptions};
use dray_client::BaseUrl;
use dray_model::Name;
use dray_model::excerpt::quoted;
use dray_site::job::Runner;
use dray_site::{AdminProfile, ContentLocation, InitOptions, Site, SiteConfig};
use serde::Serialize;

use super::backup::{Backup, Restore};
use super::log::LogOptions;
use super::token::SiteToken;
use super::{block_on, shutdown};
use crate::cli::Context;
use crate::error::{Exit, Failure, Outcome};
use crate::output::{Fields, Output, Shown};

/// Where administrators are served unless something else is said.
const ADMIN_PORT: u16 = 8440;
/// Where clients and points are.
const CLIENT_PORT: u16 = 8441;
/// The port of an `https` address that names none.
const HTTPS_PORT: u16 = 443;

/// Commands on a site of this machine.
#[derive(Debug, Subcommand)]
pub(crate) enum SiteCommand {
    /// Create a new site in an empty folder
    Init(Box<Init>),
    /// Serve a site until SIGTERM or Ctrl-C
    Serve(Serve),
    /// Create an administrator's token on the server itself, without needing one
    Token(SiteToken),
    /// Copy a site to a folder, while it serves: database, keys, configuration
    Backup(Backup),
    /// Make a site from a backup, on the same or another machine and database
    Restore(Box<Restore>),
    /// Show how the site is, whether it went back in time, and what to look at
    Status,
}

/// Arguments of `site init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Folder of the site
    dir: PathBuf,
    /// Name of the site; it appears in every certificate and cannot be changed
    #[arg(long, default_value = "site")]
    name: Name,
    /// Database: sqlite (a file in the folder) or postgres://USER@HOST/DATABASE
    #[arg(long, default_value = "sqlite", value_parser = database)]
    database: String,
    /// Content store: file:PATH or s3://BUCKET/PREFIX
    #[arg(long, default_value = "file:content")]
    content: ContentLocation,
    /// Address at which administrators reach the site [default: https://localhost:8440, from this computer only]
    #[arg(long)]
    url: Option<BaseUrl>,
    /// Address at which clients and points reach the site [default: the same host, port 8441]
    #[arg(long)]
    client_url: Option<BaseUrl>,
    /// Address and port to listen on for administrators [default: the port of --url, on all addresses if --url names another host]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Address and port to listen on for clients and points [default: the port of --client-url, on all addresses if it names another host]
    #[arg(long, value_name = "ADDRESS")]
    client_listen: Option<SocketAddr>,
}

/// Arguments of `site serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Folder of the site
    dir: PathBuf,
    #[command(flatten)]
    log: LogOptions,
}

impl SiteCommand {
    /// Does what the command says.
    pub(crate) fn run(self, output: Output, profile: Option<&Path>) -> Outcome {
        match self {
            Self::Backup(backup) => block_on(backup.run(output)),
            Self::Restore(restore) => block_on(restore.run(output)),
            Self::Status => block_on(async { super::status::run(&Context::open(profile, output)?).await }),
            Self::Init(init) => block_on(init.run(output)),
            Self::Token(token) => block_on(token.run(output)),
            Self::Serve(serve) => {
                serve.log.init();
                block_on(serve.run(output))
            }
        }
    }
}

impl Init {
    async fn run(self, output: Output) -> Outcome {
        let dir = std::path::absolute(&self.dir).map_err(|error| Failure::usage("the folder").because(&error))?;
        let admin = Endpoint::of(self.url, self.listen, "localhost", ADMIN_PORT);
        let client = Endpoint::of(self.client_url, self.client_listen, admin.url.host(), CLIENT_PORT);
        let mut options = InitOptions::new(self.name);
        options.config.database = self.database;
        options.config.content = self.content;
        options.config.admin_addr = admin.listen;
        options.config.client_addr = client.listen;
        for host in [admin.url.host(), client.url.host()] {
            if !options.config.addresses.iter().any(|known| known == host) {
                options.config.addresses.push(host.to_owned());
            }
        }
        options.url = admin.url.to_string();
        dray_site::init(&dir, &options, dray_site::clock::system()).await.map_err(|error| {
            let exit = if matches!(error, dray_site::InitError::NotEmpty(_)) { Exit::Conflict } else { Exit::Failed };
            Failure::new(exit, format!("cannot create a site in {}", dir.display())).because(&error)
        })?;
        output.show(&SiteMade {
            folder: dir.clone(),
            url: admin.url,
            client_url: client.url,
            profile: dir.join(AdminProfile::FILE),
            next: format!("dray site serve {}", dir.display()),
        })
    }
}

/// What a new site is, for people and programs.
#[derive(Serialize)]
struct SiteMade {
    folder: PathBuf,
    url: BaseUrl,
    client_url: BaseUrl,
    profile: PathBuf,
    #[serde(skip)]
    next: String,
}

impl Shown for SiteMade {
    fn fields(&self) -> Fields {
        vec![
            ("site", self.folder.display().to_string()),
            ("administrators", self.url.to_string()),
            ("clients", self.client_url.to_string()),
            ("profile", format!("{} (for --profile or DRAY_PROFILE; keep it secret)", self.profile.display())),
            ("start it with", self.next.clone()),
        ]
    }
}

/// Making a site is the cure only where there is none; elsewhere the hint would cost somebody their site.
fn cannot_open(dir: &Path, failure: Failure) -> Failure {
    if dir.join(SiteConfig::FILE).exists() { failure } else { failure.hint("create a site with dray site init DIR") }
}

impl Serve {
    async fn run(self, output: Output) -> Outcome {
        let attempt = format!("cannot serve the site in {}", self.dir.display());
        let site = Site::open(&self.dir)
            .await
            .map_err(|error| cannot_open(&self.dir, Failure::failed(&attempt).because(&error)))?;
        let running = dray_api::serve(site.clone(), ServeOptions::of(&site))
            .await
            .map_err(|error| Failure::failed(&attempt).because(&error))?;
        let workers = Runner::start(site.clone(), dray_site::job::registry());
        output.show(&Serving::of(&self.dir, &site, &running))?;
        let why = shutdown::requested().await?;
        tracing::info!(why, "ending");
        running.stop().await;
        workers.stop().await;
        site.close().await;
        Ok(())
    }
}

/// Where a site that serves is found.
#[derive(Serialize)]
struct Serving {
    site: Name,
    api: String,
    administrators: SocketAddr,
    clients: SocketAddr,
    profile: PathBuf,
}

impl Serving {
    fn of(dir: &Path, site: &Site, running: &Running) -> Self {
        let profile = dir.join(AdminProfile::FILE);
        // Without its profile the site serves all the same; then only the listener's address is known.
        let url = AdminProfile::load(dir).map_or_else(|_| format!("https://{}", running.admin_addr), |p| p.url);
        Self {
            site: site.name().clone(),
            api: format!("{url}/api/v1"),
            administrators: running.admin_addr,
            clients: running.client_addr,
            profile,
        }
    }
}

impl Shown for Serving {
    fn fields(&self) -> Fields {
        vec![
            ("site", self.site.to_string()),
            ("API", self.api.clone()),
            ("administrators", self.administrators.to_string()),
            ("clients", self.clients.to_string()),
            ("profile", self.profile.display().to_string()),
        ]
    }
}

pub(super) fn database(text: &str) -> Result<String, String> {
    match text {
        "sqlite" => Ok("sqlite:dray.db".to_owned()),
        other
            if other.starts_with("sqlite:")
                || other.starts_with("postgres://")
                || other.starts_with("postgresql://") =>
        {
            Ok(other.to_owned())
        }
        other => Err(format!(
            "{} is not a database; use sqlite, sqlite:PATH or postgres://USER@HOST/DATABASE",
            quoted(other)
        )),
    }
}

/// Where a listener is and how it is reached.
#[derive(Debug, PartialEq)]
struct Endpoint {
    url: BaseUrl,
    listen: SocketAddr,
}

impl Endpoint {
    /// What is not given follows from what is; a site that nobody gave an address is reached from this computer alone.
    fn of(url: Option<BaseUrl>, listen: Option<SocketAddr>, host: &str, port: u16) -> Self {
        let url = url.unwrap_or_else(|| {
            let listen = listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
            let host = if listen.ip().is_unspecified() { host.to_owned() } else { listen.ip().to_string() };
            let host = if host.contains(':') { format!("[{host}]") } else { host };
            format!("https://{host}:{}", listen.port()).parse().expect("a host and a port are an address")
        });
        let listen = listen.unwrap_or_else(|| {
            let here = matches!(url.host(), "localhost" | "127.0.0.1");
            let ip = if here { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
            SocketAddr::from((ip, url_port(&url)))
        });
        Self { url, listen }
    }
}

fn url_port(url: &BaseUrl) -> u16 {
    let authority = url.as_str().trim_start_matches("https://").split('/').next().unwrap_or_default();
    let port = authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    port.unwrap_or(HTTPS_PORT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: Option<&str>, listen: Option<&str>) -> (String, String) {
        let endpoint =
            Endpoint::of(url.map(|u| u.parse().unwrap()), listen.map(|l| l.parse().unwrap()), "localhost", 8440);
        (endpoint.url.to_string(), endpoint.listen.to_string())
    }

    #[test]
    fn a_site_without_an_address_is_for_this_computer_alone() {
        assert_eq!(endpoint(None, None), ("https://localhost:8440".into(), "127.0.0.1:8440".into()));
    }

    #[test]
    fn a_site_with_an_address_listens_at_its_port_everywhere() {
        let expected = ("https://dray.example.org".into(), "0.0.0.0:443".into());
        assert_eq!(endpoint(Some("https://dray.example.org"), None), expected);
        let expected = ("https://[2001:db8::1]:8443".into(), "0.0.0.0:8443".into());
        assert_eq!(endpoint(Some("https://[2001:db8::1]:8443"), None), expected);
    }

    #[test]
    fn a_listener_tells_the_address() {
        assert_eq!(endpoint(None, Some("10.1.2.3:443")).0, "https://10.1.2.3:443");
        assert_eq!(endpoint(None, Some("0.0.0.0:9000")).0, "https://localhost:9000");
        assert_eq!(endpoint(None, Some("[2001:db8::1]:443")).0, "https://[2001:db8::1]:443");
    }

    #[test]
    fn databases_are_sqlite_or_postgresql() {
        assert_eq!(database("sqlite").as_deref(), Ok("sqlite:dray.db"));
        assert!(database("postgres://dray@db/dray").is_ok());
        assert!(database("mysql://x").is_err());
    }
}
