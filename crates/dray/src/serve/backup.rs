//! `dray site backup` and `dray site restore`: a copy of a whole site, and a site out of one.

use std::path::{Path, PathBuf};

use clap::Args;
use dray_model::Timestamp;
use dray_site::backup::{BackupError, ContentPart, RestoreOptions};
use dray_site::{AdminProfile, ContentLocation, Site};
use serde::Serialize;

use super::site::database;
use crate::error::{Exit, Failure, Outcome};
use crate::output::{Fields, Output, Shown, bytes, count, time};

/// Arguments of `site backup`.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The site's folder, on the server itself; the site may be serving
    dir: PathBuf,
    /// The folder to make; it holds the site's keys, so keep it as secret as the site
    #[arg(long, value_name = "PATH")]
    to: PathBuf,
    /// Include the content, when it is kept in a folder
    #[arg(long)]
    content: bool,
}

/// Arguments of `site restore`.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup
    backup: PathBuf,
    /// The site's folder; it must be empty or absent
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Where the database is from now on: sqlite, sqlite:PATH or postgres://USER@HOST/DATABASE; it must be empty [default: as before]
    #[arg(long, value_parser = database)]
    database: Option<String>,
    /// Where content is kept from now on: file:PATH or s3://BUCKET/PREFIX [default: as before]
    #[arg(long)]
    content: Option<ContentLocation>,
}

impl Backup {
    pub(super) async fn run(self, output: Output) -> Outcome {
        let attempt = || format!("cannot back up the site in {}", self.dir.display());
        let to = absolute(&self.to)?;
        let site = Site::open(&self.dir).await.map_err(|error| Failure::failed(attempt()).because(&error))?;
        let made = dray_site::backup::backup(&site, &to, self.content).await;
        site.close().await;
        let made = made.map_err(|error| refused(attempt(), &error))?;
        let manifest = made.manifest;
        output.show(&BackupMade {
            backup: made.path,
            made_at: manifest.made_at,
            number: manifest.number,
            rows: manifest.tables.iter().map(|table| table.rows).sum(),
            content: manifest.content,
        })
    }
}

impl Restore {
    pub(super) async fn run(self, output: Output) -> Outcome {
        let to = absolute(&self.to)?;
        let attempt = || format!("cannot restore {} to {}", self.backup.display(), to.display());
        let options = RestoreOptions { database: self.database.clone(), content: self.content.clone() };
        let clock = dray_site::clock::system();
        let restored = dray_site::backup::restore(&self.backup, &to, &options, &clock).await;
        let restored = restored.map_err(|error| refused(attempt(), &error))?;
        output.show(&SiteRestored {
            profile: restored.dir.join(AdminProfile::FILE),
            site: restored.dir,
            made_at: restored.made_at,
            content: restored.content,
        })
    }
}

fn absolute(path: &Path) -> Outcome<PathBuf> {
    std::path::absolute(path)
        .map_err(|error| Failure::usage(format!("{} is not a path", path.display())).because(&error))
}

fn refused(attempt: String, error: &BackupError) -> Failure {
    let exit = match error {
        BackupError::Exists(_) | BackupError::NotEmpty(_) | BackupError::DatabaseInUse(_) => Exit::Conflict,
        _ => Exit::Failed,
    };
    let failure = Failure::new(exit, attempt).because(error);
    error.hint().into_iter().fold(failure, Failure::hint)
}

/// A backup, for people and programs.
#[derive(Serialize)]
struct BackupMade {
    backup: PathBuf,
    made_at: Timestamp,
    number: i64,
    rows: u64,
    content: ContentPart,
}

impl Shown for BackupMade {
    fn fields(&self) -> Fields {
        vec![
            ("backup", self.backup.display().to_string()),
            ("made", time(self.made_at)),
            ("rows", count(self.rows, "row")),
            ("content", content_words(&self.content)),
            ("keep it secret", "it holds the site's keys".to_owned()),
        ]
    }
}

/// A restored site, for people and programs.
#[derive(Serialize)]
struct SiteRestored {
    site: PathBuf,
    made_at: Timestamp,
    profile: PathBuf,
    content: ContentPart,
}

impl Shown for SiteRestored {
    fn fields(&self) -> Fields {
        vec![
            ("site", self.site.display().to_string()),
            ("as it was", time(self.made_at)),
            ("content", content_words(&self.content)),
            ("profile", self.profile.display().to_string()),
            ("serve it with", format!("dray site serve {}", self.site.display())),
            ("then look at", "dray site status".to_owned()),
        ]
    }
}

fn content_words(content: &ContentPart) -> String {
    match content {
        ContentPart::Included { objects, bytes: size, missing } if missing.is_empty() => {
            format!("included: {}, {}", count(*objects, "object"), bytes(*size))
        }
        ContentPart::Included { objects, bytes: size, missing } => {
            format!(
                "included: {}, {}; {} missing or damaged at the site: {}",
                count(*objects, "object"),
                bytes(*size),
                count(missing.len() as u64, "object"),
                missing.join(", ")
            )
        }
        ContentPart::LeftOut { location } => format!("not included: it is kept in {location}"),
    }
}
