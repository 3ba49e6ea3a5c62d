//! The peer of a first download: the same content fetched as it is with curl and hashed with b3sum, from the same service over the
//! same TLS, in three forms.
//!
//! - `files`: each file of the package, and the same folders at the end. Nobody gets the finished files with less.
//! - `one file`: all of them as one, which no installer can use.
//! - `packs`: what crosses the wire in a first download; nothing is expanded or put together.
//!
//! Unlike an agent, none of them makes anything durable, resumes, or knows what the digest should be.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::metered::{Metered, metered};
use super::super::report::Figure;
use super::serving::{self, Server};
use super::{bars, tools};

/// A form of the content, and what is known of it.
struct Form {
    name: &'static str,
    /// Where each object of it ends up.
    targets: Vec<PathBuf>,
    /// The number of the first of its objects.
    first: usize,
    least: Option<Metered>,
    wall_s: f64,
}

/// The content in all forms, served.
pub(super) struct Peers {
    /// `None` when a program is missing.
    served: Option<Server>,
    forms: Vec<Form>,
    folder: PathBuf,
    rounds: usize,
}

impl Peers {
    /// Serves the files below `source` and the packs of the store `content`.
    pub(super) fn prepare(source: &Path, content: &Path, scratch: &Path) -> anyhow::Result<Self> {
        let folder = scratch.join("plain");
        let mut peers = Self { served: None, forms: Vec::new(), folder, rounds: 0 };
        if !tools::are_there(&["curl", "b3sum"], "what a first download is held against") {
            return Ok(peers);
        }
        serving::build()?;
        let packs = peers.folder.join("objects/packs");
        fs::create_dir_all(&packs)?;
        let (files, stored) = (files(source)?, files(&content.join("packs"))?);
        let one = peers.folder.join("one-file");
        join(&files, &one)?;
        let mut number = 0;
        for (name, objects, below) in
            [("files", &files, source), ("one file", &vec![one.clone()], &peers.folder), ("packs", &stored, content)]
        {
            let first = number;
            let mut targets = Vec::new();
            for object in objects {
                symlink(object, packs.join(format!("{number:064x}")))?;
                targets.push(Path::new(name).join(object.strip_prefix(below)?));
                number += 1;
            }
            peers.forms.push(Form { name, targets, first, least: None, wall_s: f64::MAX });
        }
        let (objects, credentials) = (peers.folder.join("objects"), peers.credentials());
        peers.served = Some(Server::ours(&objects, Some(&credentials), scratch)?);
        Ok(peers)
    }

    fn credentials(&self) -> PathBuf {
        self.folder.join("credentials")
    }

    /// Fetches and hashes every form once, each time into another folder: nothing is removed, because ext4 spends seconds on not using
    /// again what was removed within the last minute, and whatever is measured next would pay.
    pub(super) fn round(&mut self) -> anyhow::Result<()> {
        let (credentials, folder) = (self.credentials(), self.folder.join(format!("round-{}", self.rounds)));
        let Some(server) = &self.served else { return Ok(()) };
        self.rounds += 1;
        for form in &mut self.forms {
            let begun = std::time::Instant::now();
            let used = fetch(form, &server.url, &credentials, &folder)?.and(&hash(form, &folder)?);
            form.wall_s = form.wall_s.min(begun.elapsed().as_secs_f64());
            if form.least.as_ref().is_none_or(|least| used.cpu_s < least.cpu_s) {
                form.least = Some(used);
            }
        }
        Ok(())
    }

    /// What each form took, and the first of them against a download that took `cpu_s`.
    pub(super) fn figures(&self, cpu_s: f64, gigabytes: f64) -> Vec<Figure> {
        let mut figures = Vec::new();
        for form in &self.forms {
            let Some(least) = &form.least else { continue };
            let named = |what: &str| format!("first download/curl + b3sum, {}{what}", form.name);
            figures.push(Figure::told(named(", CPU"), least.cpu_s / gigabytes, "s/GB"));
            figures.push(Figure::told(named(", wall"), form.wall_s, "s"));
            let against = named(" against it, CPU");
            figures.push(match form.name {
                "files" => Figure::at_least(against, least.cpu_s / cpu_s, bars::PLAIN_AGAINST_DOWNLOAD, "×"),
                _ => Figure::told(against, least.cpu_s / cpu_s, "×"),
            });
        }
        figures
    }
}

/// All files below a folder, in order of their paths.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn join(files: &[PathBuf], one: &Path) -> anyhow::Result<()> {
    let mut joined = fs::File::create(one)?;
    for file in files {
        joined.write_all(&fs::read(file)?)?;
    }
    Ok(())
}

/// One curl that fetches all objects over one connection.
fn fetch(form: &Form, url: &str, credentials: &Path, folder: &Path) -> anyhow::Result<Metered> {
    fs::create_dir_all(folder)?;
    let config = folder.join("curl");
    let mut text = String::new();
    for (number, target) in (form.first..).zip(&form.targets) {
        let target = folder.join(target);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        let next = if number > form.first { "next\n" } else { "" };
        write!(text, "{next}url = {url}/{number:064x}\noutput = \"{}\"\n", target.display())?;
        text += &serving::how_to_ask(Some(credentials));
    }
    fs::write(&config, text)?;
    metered(Command::new("curl").arg("--config").arg(config))
}

fn hash(form: &Form, folder: &Path) -> anyhow::Result<Metered> {
    metered(Command::new("b3sum").current_dir(folder).args(&form.targets))
}
