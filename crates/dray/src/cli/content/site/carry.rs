//! Objects on their way from the site into a folder, and from a folder back to the site. Each is hashed on the way.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;

use dray_content::store::{FolderStore, Incoming};
use dray_content::{ObjectName, Progress as _};
use dray_model::{Digest, Name};
use serde::Serialize;

use crate::cli::Context;
use crate::cli::content::export::Copied;
use crate::cli::content::progress::Work;
use crate::cli::content::store::cannot;
use crate::error::{Failure, Outcome};
use crate::output::{Fields, Shown, bytes, count};

/// A source version of a package.
pub(super) struct Version {
    package: Name,
    /// The newest when there is none.
    source_version: Option<u32>,
}

/// What the site took.
#[derive(Debug, Default, Serialize)]
pub(super) struct Restored {
    restored: BTreeSet<ObjectName>,
    restored_bytes: u64,
    /// Damaged at the site, and not in the folder or damaged there too.
    left: BTreeSet<ObjectName>,
}

impl Version {
    /// Reads `PACKAGE` or `PACKAGE@SOURCE-VERSION`.
    pub(super) fn parse(text: &str) -> Outcome<Self> {
        let wrong = |error: &(dyn std::error::Error + 'static)| {
            Failure::usage(format!("{text} is not of the form PACKAGE or PACKAGE@SOURCE-VERSION")).because(error)
        };
        let (package, version) =
            text.split_once('@').map_or((text, None), |(package, version)| (package, Some(version)));
        Ok(Self {
            package: package.parse().map_err(|error| wrong(&error))?,
            source_version: version.map(str::parse).transpose().map_err(|error| wrong(&error))?,
        })
    }
}

/// Copies what the versions need.
pub(super) async fn export(context: &Context, versions: &[Version], to: &FolderStore) -> Outcome<Copied> {
    let mut wanted: Vec<(ObjectName, u64)> = Vec::new();
    for version in versions {
        let found = context.api.package_objects(&version.package, version.source_version).await?;
        for object in found.objects {
            let name = object.object.parse().map_err(|error| {
                Failure::failed(format!("the site lists an invalid object {}", object.object)).because(&error)
            })?;
            wanted.push((name, object.size_bytes));
        }
    }
    let rank = |name: &ObjectName| match name {
        ObjectName::Pack(_) | ObjectName::ManifestDifference(_) => 0,
        ObjectName::Update(_) => 1,
        ObjectName::Manifest(_) => 2,
    };
    // A manifest or update comes only after what it needs.
    wanted.sort_by_key(|(name, _)| (rank(name), *name));
    wanted.dedup();
    let work = Work::new(context.output, "exporting");
    work.total(wanted.len() as u64, wanted.iter().map(|(_, size)| size).sum());
    let incoming = to.incoming()?;
    let mut copied = Copied::default();
    for (name, size) in wanted {
        if to.objects().holds(&name)? {
            copied.present += 1;
        } else if rank(&name) > 0 && !copied.damaged.is_empty() {
            copied.left.insert(name);
        } else if fetch(context, &name, to, &incoming).await? {
            copied.copied += 1;
            copied.copied_bytes += size;
        } else {
            copied.damaged.insert(name);
        }
        work.advance(1, size);
    }
    Ok(copied)
}

/// False when the site lacks the object or its bytes are others.
async fn fetch(context: &Context, name: &ObjectName, to: &FolderStore, incoming: &Incoming) -> Outcome<bool> {
    let mut body = match context.api.content_object(name).await {
        Ok(body) => body,
        Err(error) if error.refusal().is_some_and(|refusal| refusal.status == 404) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let path = incoming.path().join(name.digest().to_string());
    let failed = |error| cannot("write", &path, &error);
    let mut file = File::create(&path).map_err(failed)?;
    while let Some(piece) = body.next().await? {
        file.write_all(&piece).map_err(failed)?;
    }
    let is_good = File::open(&path).and_then(|mut file| name.check(&mut file)).map_err(failed)?.is_some();
    if is_good { Ok(to.put_file(name, &path)?) } else { Ok(false) }
}

/// Brings what the site knows to be damaged or missing and the folder holds.
pub(super) async fn import(context: &Context, from: &FolderStore) -> Outcome<Restored> {
    let damaged = context.api.content_damage().await?;
    let mut restored = Restored::default();
    if damaged.objects.is_empty() {
        context.output.remark("the site knows of no damage; run dray content verify to have it read its store")?;
    }
    let work = Work::new(context.output, "importing");
    for object in damaged.objects {
        let Ok(name) = object.object.parse::<ObjectName>() else { continue };
        let Ok(bytes) = fs::read(from.objects().path(&name)) else {
            restored.left.insert(name);
            continue;
        };
        if Digest::of(&bytes) != name.digest() {
            restored.left.insert(name);
            continue;
        }
        let size = bytes.len() as u64;
        context.api.restore_content_object(&name, bytes).await?;
        work.advance(1, size);
        restored.restored.insert(name);
        restored.restored_bytes += size;
    }
    Ok(restored)
}

impl Restored {
    /// What is wrong when damage is left.
    pub(super) fn failure(&self) -> Option<Failure> {
        if self.left.is_empty() {
            return None;
        }
        let are = count(self.left.len() as u64, "object");
        let failure = Failure::failed(format!(
            "{are} in the site's content store cannot be used, and the folder has no intact copy"
        ));
        Some(failure.hint("dray content verify lists them and what needs them"))
    }
}

impl Shown for Restored {
    fn fields(&self) -> Fields {
        let left: Vec<_> = self.left.iter().map(ToString::to_string).collect();
        let restored = count(self.restored.len() as u64, "object");
        vec![("restored", format!("{restored}, {}", bytes(self.restored_bytes))), ("still damaged", left.join("\n"))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_package_with_or_without_a_number() {
        let version = Version::parse("editor@3").unwrap();
        assert_eq!((version.package.as_str(), version.source_version), ("editor", Some(3)));
        assert_eq!(Version::parse("editor").unwrap().source_version, None);
        for wrong in ["", "editor@", "editor@x", "@3", "Editor@-1"] {
            assert!(Version::parse(wrong).is_err(), "{wrong}");
        }
    }
}
