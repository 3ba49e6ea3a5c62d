//! A publisher with a store, and receivers, in folders of their own.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use dray_content::assemble::{AssembleError, Assembly, Outcome};
use dray_content::ingest::{self, Ingested, KnownChunks};
use dray_content::plan::{FetchOptions, FetchRange, HeldTreeId, Plan, PlanError, plan, plan_update};
use dray_content::scan::Rules;
use dray_content::verify::verify_tree;
use dray_content::{Limits, Manifest, Update};
use proptest::prelude::*;

/// What a source folder holds; `None` is a folder.
pub(crate) type Files = BTreeMap<String, Option<Vec<u8>>>;

pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

pub(crate) struct World {
    pub(crate) root: tempfile::TempDir,
    pub(crate) limits: Limits,
    pub(crate) rules: Rules,
}

impl World {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("packs")).unwrap();
        Self { root, limits: Limits::default(), rules: Rules::default() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Ingests `files` and puts the packs into the store.
    pub(crate) fn publish(&self, files: &Files, known: &KnownChunks) -> Ingested {
        let source = self.path("source");
        write_folder(&source, files);
        let published = self.publish_folder(&source, known);
        fs::remove_dir_all(source).unwrap();
        published
    }

    pub(crate) fn publish_folder(&self, source: &Path, known: &KnownChunks) -> Ingested {
        let options = ingest::Options {
            threads: NonZeroUsize::new(2).unwrap(),
            pack_bytes_max: 600_000,
            limits: self.limits.clone(),
            rules: self.rules,
        };
        let ingested = ingest::ingest(source, &self.path("staging"), known, &options, &()).unwrap();
        for pack in &ingested.packs {
            fs::rename(&pack.path, self.pack(&FetchRange { pack: pack.digest, offset: 0, length: 0 })).unwrap();
        }
        fs::remove_dir_all(self.path("staging")).unwrap();
        ingested
    }

    fn pack(&self, range: &FetchRange) -> PathBuf {
        self.path(&range.object().to_string())
    }

    pub(crate) fn fetch(&self, range: &FetchRange) -> Vec<u8> {
        let pack = fs::read(self.pack(range)).unwrap();
        pack[range.offset as usize..range.end() as usize].to_vec()
    }

    /// Receives into `held/<content>` and gives what was planned.
    pub(crate) fn receive(&self, want: &Arc<Manifest>, have: &[&Manifest]) -> Plan {
        let planned = self.plan(want, have);
        let mut assembly = self.open(&planned);
        self.complete(&mut assembly, want).unwrap();
        planned
    }

    pub(crate) fn plan(&self, want: &Arc<Manifest>, have: &[&Manifest]) -> Plan {
        let have: Vec<_> = have.iter().map(|held| (HeldTreeId(held.tree().digest()), *held)).collect();
        plan(want, &have, FetchOptions::default()).unwrap()
    }

    /// Plans with an update, knowing of the trees in `have` nothing but the files.
    pub(crate) fn plan_update(
        &self,
        update: &Update,
        have: &[&Manifest],
        options: FetchOptions,
    ) -> Result<Plan, PlanError> {
        let tree_only = |held: &&Manifest| Manifest::new(held.tree().clone(), &[], &[], Vec::new()).unwrap();
        let trees: Vec<Manifest> = have.iter().map(tree_only).collect();
        let have: Vec<_> = trees.iter().map(|held| (HeldTreeId(held.tree().digest()), held)).collect();
        plan_update(update.clone(), &have, options)
    }

    pub(crate) fn held(&self, manifest: &Manifest) -> PathBuf {
        self.path("held").join(manifest.tree().digest().to_string())
    }

    pub(crate) fn open(&self, plan: &Plan) -> Assembly {
        let held = self.path("held");
        fs::create_dir_all(&held).unwrap();
        let names = fs::read_dir(held).unwrap().map(|entry| entry.unwrap().path());
        let id = |path: &PathBuf| HeldTreeId(path.file_name().unwrap().to_str().unwrap().parse().unwrap());
        let roots = names.map(|path| (id(&path), path)).collect();
        Assembly::open(&self.path("assembly"), plan.clone(), roots).unwrap()
    }

    /// Fetches and finishes, and checks the result.
    pub(crate) fn complete(&self, assembly: &mut Assembly, want: &Manifest) -> Result<u64, AssembleError> {
        let mut fetched = 0;
        loop {
            match assembly.finish(&self.held(want), &())? {
                Outcome::Done => break,
                Outcome::Lost(contents) => panic!("{contents:?} cannot be made"),
                Outcome::Missing(ranges) => {
                    for range in ranges {
                        fetched += range.length;
                        assembly.accept(&range, &self.fetch(&range))?;
                    }
                }
            }
        }
        assert_eq!(verify_tree(&self.held(want), want.tree()), Ok(()));
        assert!(!self.path("assembly").exists());
        Ok(fetched)
    }
}

pub(crate) fn write_folder(root: &Path, files: &Files) {
    fs::create_dir_all(root).unwrap();
    for (path, bytes) in files {
        let path = root.join(path);
        match bytes {
            None => fs::create_dir_all(path).unwrap(),
            Some(bytes) => {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
        }
    }
    set_times(root, SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000));
}

/// Gives everything in a folder one time, so that the same files are the same tree whenever they are written.
pub(crate) fn set_times(root: &Path, time: SystemTime) {
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            set_times(&path, time);
        }
        #[cfg(unix)]
        fs::File::open(&path).unwrap().set_modified(time).unwrap();
        #[cfg(not(unix))]
        if path.is_file() {
            fs::OpenOptions::new().write(true).open(&path).unwrap().set_modified(time).unwrap();
        }
    }
}

/// Reads a folder back, folders that are not empty left out.
pub(crate) fn read_folder(root: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let name = |path: &Path| path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        let mut is_empty = true;
        for entry in fs::read_dir(&folder).unwrap() {
            is_empty = false;
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(name(&path), Some(fs::read(&path).unwrap()));
            }
        }
        if is_empty && folder != root {
            files.insert(name(&folder), None);
        }
    }
    files
}

/// Source folders that share names, whole contents and parts of contents with each other.
pub(crate) fn any_files() -> impl Strategy<Value = Files> {
    let small = (0u64..6, prop_oneof![Just(0), 1usize..3000, Just(16_383)]).prop_map(|(seed, len)| noise(seed, len));
    let segment = (0u64..5, prop_oneof![Just(60_000usize), 1usize..200_000]);
    let big = proptest::collection::vec(segment, 1..4)
        .prop_map(|segments| segments.into_iter().flat_map(|(seed, length)| noise(seed, length)).collect());
    let content = prop_oneof![3 => small.prop_map(Some), 2 => big.prop_map(Some), 1 => Just(None)];
    proptest::collection::btree_map("[a-d]/[a-d]|[a-d]/e/[a-d]|[f-h]", content, 0..10)
        .prop_map(|files| files.into_iter().filter(|(path, _)| path != "a/e").collect())
}
