//! `dray package`: source folders that become releases, and where their content goes.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use dray_model::Name;
use dray_model::api::package::{ChangePackage, CreatePackage, PackageView, ReleaseView, UpdatePackage};
use dray_model::package::{Names, OutsideLinks, PackageProperties};
use dray_model::program::Program;

use super::Context;
use super::wait::wait_for_job;
use crate::error::{Failure, Outcome};
use crate::input;
use crate::output::{Fields, Listed, Shown, bytes, count, time};

mod distribute;
mod updates;

pub(crate) use distribute::is_there;

/// Commands on packages.
#[derive(Debug, Subcommand)]
pub(crate) enum PackageCommand {
    /// Create a package and publish its first release from the source folder
    Create(Create),
    /// List packages
    List,
    /// Show a package and its programs
    Show {
        /// The package
        name: Name,
    },
    /// Change a package's description or source folder; anything not given stays as it is
    Change(Change),
    /// Read the source folder again and publish what changed as the next release
    Update {
        /// The package
        name: Name,
        /// Read every file, even those whose size, times and inode have not changed since they were last read
        #[arg(long)]
        checksum: bool,
        /// Publish even if only modification times have changed
        #[arg(long)]
        times: bool,
        /// Wait until the release is published
        #[arg(long)]
        wait: bool,
    },
    /// List a package's releases, newest first
    Releases {
        /// The package
        name: Name,
    },
    /// List what clients with earlier versions download to get the newest one
    Updates {
        /// The package
        name: Name,
    },
    /// Improve the updates to the newest version as far as possible, in the background
    Improve {
        /// The package
        name: Name,
        /// Wait until they are prepared
        #[arg(long)]
        wait: bool,
    },
    /// Delete a package; nothing may advertise it
    Delete {
        /// The package
        name: Name,
    },
    /// Send a package's content to distribution points
    Distribute(distribute::Distribute),
}

/// Arguments of `package create`.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Name of the package, unique among packages
    name: Name,
    /// Folder with the source files, on the site server; without it the package has no content
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
    /// What to do with symbolic links that lead out of the source folder: refuse them, or keep them as they are [default: refuse]
    #[arg(long, value_name = "WHAT")]
    outside_links: Option<OutsideLinks>,
    /// Which names to allow in the source folder: portable, those that every system allows, or unix, all that Linux allows [default: portable]
    #[arg(long, value_name = "WHICH")]
    names: Option<Names>,
    #[command(flatten)]
    properties: Properties,
    /// Program to add: its name and its command line; for other settings use dray program change
    #[arg(long = "program", value_name = "NAME=COMMAND", value_parser = input::program)]
    programs: Vec<Program>,
    /// Wait until the first release is published
    #[arg(long)]
    wait: bool,
}

/// Arguments of `package change`.
#[derive(Debug, Args)]
pub(crate) struct Change {
    /// The package
    name: Name,
    /// New source folder, read at the next update
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
    /// What to do with symbolic links that lead out of the source folder, from the next update on: refuse them, or keep them as they are
    #[arg(long, value_name = "WHAT")]
    outside_links: Option<OutsideLinks>,
    /// Which names to allow in the source folder, from the next update on: portable, those that every system allows, or unix, all that
    /// Linux allows
    #[arg(long, value_name = "WHICH")]
    names: Option<Names>,
    #[command(flatten)]
    properties: Properties,
}

/// What a package says of itself, where it is given.
#[derive(Debug, Args)]
struct Properties {
    /// Title
    #[arg(long)]
    title: Option<String>,
    /// Version of the software, as its manufacturer writes it
    #[arg(long = "software-version", value_name = "VERSION")]
    version: Option<String>,
    /// Manufacturer of the software
    #[arg(long)]
    manufacturer: Option<String>,
    /// Language of the software
    #[arg(long)]
    language: Option<String>,
    /// Comment for administrators
    #[arg(long)]
    comment: Option<String>,
}

impl PackageCommand {
    /// Does what the command says.
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let api = &context.api;
        match self {
            Self::Create(create) => create.run(context).await,
            Self::List => context.output.list(&api.packages().all().await?),
            Self::Show { name } => context.output.show(&api.package(&name).await?),
            Self::Change(change) => change.run(context).await,
            Self::Update { name, checksum, times, wait } => {
                update(context, &name, UpdatePackage { checksum, times }, wait).await
            }
            Self::Releases { name } => context.output.list(&api.releases(&name).all().await?),
            Self::Updates { name } => updates::list(context, &name).await,
            Self::Improve { name, wait } => updates::improve(context, &name, wait).await,
            Self::Delete { name } => {
                api.delete_package(&name).await?;
                context.output.remark(format!("deleted package {name}"))
            }
            Self::Distribute(distribute) => distribute.run(context).await,
        }
    }
}

impl Create {
    async fn run(self, context: &Context) -> Outcome {
        let mut properties = PackageProperties::default();
        self.properties.apply(&mut properties)?;
        let source = self.source.as_deref().map(absolute).transpose()?;
        let request = CreatePackage {
            name: self.name,
            properties,
            source,
            outside_links: self.outside_links.unwrap_or_default(),
            names: self.names.unwrap_or_default(),
            programs: self.programs,
        };
        let mut package = context.api.create_package(&request).await?;
        if let Some(job) = package.publishing.filter(|_| self.wait) {
            wait_for_job(context, job, &format!("publish {}", package.name)).await?;
            package = context.api.package(&package.name).await?;
        }
        context.output.show(&package)
    }
}

impl Change {
    async fn run(self, context: &Context) -> Outcome {
        let package = context.api.package(&self.name).await?;
        let mut properties = package.properties;
        let changed = self.properties.apply(&mut properties)?;
        let request = ChangePackage {
            properties: changed.then_some(properties),
            source: self.source.as_deref().map(absolute).transpose()?,
            outside_links: self.outside_links,
            names: self.names,
            programs: None,
        };
        if request == ChangePackage::default() {
            return Err(
                Failure::usage("nothing to change").hint("give at least one option; see dray package change --help")
            );
        }
        context.output.show(&context.api.change_package(&self.name, package.revision, &request).await?)
    }
}

impl Properties {
    /// Overwrites what is given; whether anything was.
    fn apply(self, properties: &mut PackageProperties) -> Outcome<bool> {
        let texts = [
            (self.title, &mut properties.title, "title"),
            (self.version, &mut properties.version, "software-version"),
            (self.manufacturer, &mut properties.manufacturer, "manufacturer"),
            (self.language, &mut properties.language, "language"),
        ];
        let mut changed = false;
        for (given, text, option) in texts {
            changed |= super::set_text(given, text, option)?;
        }
        changed |= super::set_text(self.comment, &mut properties.comment, "comment")?;
        Ok(changed)
    }
}

async fn update(context: &Context, name: &Name, how: UpdatePackage, wait: bool) -> Outcome {
    let started = context.api.update_package(name, &how).await?;
    if !wait {
        context.output.remark(format!("publishing; wait for it with dray job wait {}", started.job))?;
        return context.output.either(|| format!("{}\n", started.job), &started);
    }
    let job = wait_for_job(context, started.job, &format!("publish {name}")).await?;
    if let Some(progress) = job.progress {
        context.output.remark(progress.step)?;
    }
    context.output.show(&context.api.package(name).await?)
}

/// The site wants an absolute path; a relative one means this computer's, which is the site server or has the same folders.
fn absolute(path: &Path) -> Outcome<String> {
    let path = std::path::absolute(path)
        .map_err(|error| Failure::usage(format!("{} is not a path", path.display())).because(&error))?;
    path.into_os_string()
        .into_string()
        .map_err(|path| Failure::usage(format!("{} is not valid UTF-8, which the API requires", path.display())))
}

impl Listed for PackageView {
    const HEADINGS: &'static [&'static str] = &["name", "release", "size", "files", "programs", "changed", "title"];
    const NONE: &'static str = "there are no packages";

    fn cells(&self) -> Vec<String> {
        let content = self.release.as_ref().and_then(|release| release.content.as_ref());
        vec![
            self.name.to_string(),
            release_words(self),
            content.map_or_else(|| "-".to_owned(), |content| bytes(content.size_bytes)),
            content.map_or_else(|| "-".to_owned(), |content| content.files.to_string()),
            self.programs.len().to_string(),
            time(self.changed_at),
            self.properties.title.to_string(),
        ]
    }
}

fn release_words(package: &PackageView) -> String {
    match (&package.release, package.publishing) {
        (Some(release), None) => release.number.to_string(),
        (Some(release), Some(_)) => format!("{} (publishing the next)", release.number),
        (None, Some(_)) => "publishing".to_owned(),
        (None, None) => "none".to_owned(),
    }
}

impl Shown for PackageView {
    fn fields(&self) -> Fields {
        let properties = &self.properties;
        let mut fields = vec![
            ("name", self.name.to_string()),
            ("title", properties.title.to_string()),
            ("version", properties.version.to_string()),
            ("manufacturer", properties.manufacturer.to_string()),
            ("language", properties.language.to_string()),
            ("comment", properties.comment.to_string()),
            ("source", self.source.clone().unwrap_or_else(|| "none; the package has no content".to_owned())),
            ("outside links", self.outside_links.to_string()),
            ("names", self.names.to_string()),
            ("release", release_words(self)),
        ];
        if let Some(release) = &self.release {
            fields.push(("published", time(release.published_at)));
            if let Some(content) = &release.content {
                let files = count(content.files, "file");
                fields.push((
                    "content",
                    format!("{} in {files}, digest {}", bytes(content.size_bytes), content.digest.short()),
                ));
                if !content.requires.is_empty() {
                    fields.push(("requires", content.requires.join(", ")));
                }
            }
            if !release.not_carried.is_empty() {
                let each: Vec<_> = release.not_carried.iter().map(ToString::to_string).collect();
                fields.push(("not preserved", each.join("\n")));
            }
        }
        if let Some(job) = self.publishing {
            fields.push(("publishing", job.to_string()));
        }
        let programs: Vec<_> = self.programs.iter().map(|p| format!("{}: {}", p.name, p.command.as_str())).collect();
        fields.push(("programs", programs.join("\n")));
        fields.push(("changed", time(self.changed_at)));
        fields
    }
}

impl Listed for ReleaseView {
    const HEADINGS: &'static [&'static str] = &["release", "published", "size", "files", "new", "content"];
    const NONE: &'static str = "nothing has been published yet";

    fn cells(&self) -> Vec<String> {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        vec![
            self.number.to_string(),
            time(self.published_at),
            or_dash(self.content.as_ref().map(|content| bytes(content.size_bytes))),
            or_dash(self.content.as_ref().map(|content| content.files.to_string())),
            bytes(self.new_bytes),
            or_dash(self.content.as_ref().map(|content| content.digest.short())),
        ]
    }
}
