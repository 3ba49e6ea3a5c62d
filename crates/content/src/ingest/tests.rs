//! What an ingest promises: the same result with any number of threads, only new chunks, and nothing left behind by a failure.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// A source folder and a place for staging, with what an ingest needs.
struct Bench {
    root: tempfile::TempDir,
    options: Options,
}

impl Bench {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("source")).unwrap();
        let options = Options { threads: NonZeroUsize::new(2).unwrap(), ..Options::default() };
        Self { root, options }
    }

    fn write(&self, path: &str, bytes: &[u8]) -> &Self {
        let path = self.source().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    fn source(&self) -> PathBuf {
        self.root.path().join("source")
    }

    fn staging(&self) -> PathBuf {
        self.root.path().join("staging")
    }

    fn ingest(&self, known: &KnownChunks, progress: &dyn Progress) -> Result<Ingested, IngestError> {
        ingest(&self.source(), &self.staging(), known, &self.options, progress)
    }

    /// Ingests and empties the staging folder again.
    fn publish(&self, known: &KnownChunks) -> Ingested {
        let ingested = self.ingest(known, &()).unwrap();
        for pack in &ingested.packs {
            let file = fs::File::open(&pack.path).unwrap();
            assert_eq!(pack::verify(file, &pack.digest, &self.options.limits).unwrap().size, pack.size);
        }
        assert_eq!(fs::read_dir(self.staging()).unwrap().count(), ingested.packs.len());
        fs::remove_dir_all(self.staging()).unwrap();
        ingested
    }
}

#[test]
fn any_number_of_threads_gives_the_same_packs_and_manifest() {
    let mut bench = Bench::new();
    for n in 0..40 {
        bench.write(&format!("small/{n}"), &noise(n, n as usize * 300));
    }
    bench.write("big", &noise(99, 1_500_000)).write("zeros", &vec![0; 1_000_000]);
    bench.options.pack_bytes_max = 400_000;
    let ones = bench.publish(&KnownChunks::default());
    assert!(ones.packs.len() > 3 && ones.packs.iter().all(|pack| pack.size <= 400_000));
    bench.options.threads = NonZeroUsize::new(7).unwrap();
    let sevens = bench.publish(&KnownChunks::default());
    assert_eq!(ones.manifest_bytes, sevens.manifest_bytes);
    assert_eq!(ones.packs, sevens.packs);
    let manifest = Manifest::decode(&ones.manifest_bytes, &ones.content, &bench.options.limits).unwrap();
    assert_eq!(manifest, ones.manifest);
}

#[test]
fn a_second_version_stores_only_what_is_new() {
    let bench = Bench::new();
    for n in 0..50 {
        bench.write(&format!("small/{n}"), &noise(n, 3000));
    }
    bench.write("big", &noise(99, 2_000_000));
    let first = bench.publish(&KnownChunks::default());
    let known: KnownChunks = [&first.manifest].into_iter().collect();
    assert_eq!(bench.publish(&known).packs, []);

    let mut changed = noise(99, 2_000_000);
    changed[1_000_000] ^= 1;
    bench
        .write("big", &changed)
        .write("small/7", b"new")
        .write("small/7a", &noise(77, 3000))
        .write("copy", &noise(3, 3000));
    let second = bench.publish(&known);
    assert!(second.totals.new_bytes <= 3003 + 2 * 256 * 1024, "{:?}", second.totals);
    assert!(second.totals.new_bytes >= 3003 + 16 * 1024);
    assert_eq!(second.packs.len(), 1);
    assert!(second.manifest.packs().len() >= 2);
}

/// A time at which everything that was written until now is settled.
fn much_later() -> Timestamp {
    Timestamp::from_secs(1 << 33)
}

#[cfg(target_os = "linux")]
#[test]
fn unchanged_files_are_not_read_and_all_else_is_as_if_they_were() {
    let bench = Bench::new();
    for n in 0..200 {
        bench.write(&format!("small/{n}"), &noise(n, n as usize * 60));
    }
    bench.write("big", &noise(300, 3_000_000)).write("middle", &noise(301, 300_000)).write("empty", b"");
    let first = bench.publish(&KnownChunks::default());
    assert_eq!(first.totals.unread_files, 0);
    bench.write("small/7", b"changed").write("new", &noise(302, 40_000)).write("copy", &noise(300, 3_000_000));
    let read: KnownChunks = [&first.manifest].into_iter().collect();
    let all = bench.publish(&read);

    let mut spared = read.clone();
    spared.trust(first.index(much_later()));
    let second = bench.publish(&spared);
    assert_eq!(second.manifest_bytes, all.manifest_bytes);
    assert_eq!(second.packs, all.packs);
    // Read are what is new or changed, and what is empty: it has no chunks to be found by.
    assert_eq!(second.totals.unread_files, second.totals.files - 5);
    let read_bytes = "changed".len() as u64 + 40_000 + 3_000_000;
    assert_eq!(second.totals.unread_bytes, second.totals.bytes - read_bytes);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_was_changed_with_its_size_and_time_kept_is_read() {
    let bench = Bench::new();
    bench.write("f", &[1; 50_000]).write("g", &[2; 50_000]).write("h", &[3; 50_000]);
    let (f, g) = (bench.source().join("f"), bench.source().join("g"));
    let first = bench.publish(&KnownChunks::default());
    let mut known: KnownChunks = [&first.manifest].into_iter().collect();
    known.trust(first.index(much_later()));

    let modified = fs::metadata(&f).unwrap().modified().unwrap();
    fs::write(&f, [4; 50_000]).unwrap();
    fs::File::options().write(true).open(&f).unwrap().set_modified(modified).unwrap();
    fs::write(bench.source().join("i"), [2; 50_000]).unwrap();
    fs::rename(bench.source().join("i"), &g).unwrap();
    let second = bench.publish(&known);
    assert_eq!(second.totals.unread_files, 1);
    let contents: Vec<_> = second.manifest.tree().files().map(|(_, file)| file.digest).collect();
    assert_eq!(contents, [Digest::of(&[4; 50_000]), Digest::of(&[2; 50_000]), Digest::of(&[3; 50_000])]);
}

#[cfg(target_os = "linux")]
#[test]
fn an_unchanged_file_whose_chunks_are_not_known_is_read() {
    let bench = Bench::new();
    bench.write("f", &noise(1, 50_000)).write("g", &noise(2, 50_000));
    let first = bench.publish(&KnownChunks::default());
    let mut known = KnownChunks::default();
    known.trust(first.index(much_later()));
    let second = bench.publish(&known);
    assert_eq!((second.totals.unread_files, second.packs), (0, first.packs));
}

#[test]
fn thousands_of_small_files_take_few_chunks() {
    let bench = Bench::new();
    for n in 0..2000 {
        bench.write(&format!("{:02}/{n}", n % 50), &noise(n, 500));
    }
    let ingested = bench.publish(&KnownChunks::default());
    assert_eq!(ingested.manifest.chunks().len(), 1_000_000usize.div_ceil(131 * 500));
}

#[test]
fn an_empty_folder_and_empty_files_need_no_pack() {
    let bench = Bench::new();
    bench.write("a/b/empty", b"");
    let ingested = bench.publish(&KnownChunks::default());
    assert_eq!((ingested.packs.len(), ingested.totals.files), (0, 1));
    fs::remove_dir_all(bench.source().join("a")).unwrap();
    assert_eq!(bench.publish(&KnownChunks::default()).manifest.tree(), &Tree::default());
}

/// Changes a file when so many bytes were reported, or cancels.
struct Meddler<F: Fn() + Send + Sync> {
    bytes: AtomicU64,
    at: u64,
    meddle: F,
    cancel: bool,
}

impl<F: Fn() + Send + Sync> Progress for Meddler<F> {
    fn advance(&self, _files: u64, bytes: u64) {
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if before < self.at && before + bytes >= self.at {
            (self.meddle)();
        }
    }

    fn is_cancelled(&self) -> bool {
        self.cancel && self.bytes.load(Ordering::Relaxed) >= self.at
    }
}

fn meddled(bench: &Bench, cancel: bool, meddle: impl Fn() + Send + Sync) -> IngestError {
    let meddler = Meddler { bytes: AtomicU64::new(0), at: 1, meddle, cancel };
    let error = bench.ingest(&KnownChunks::default(), &meddler).unwrap_err();
    assert!(!bench.staging().exists(), "staging is left behind after: {error}");
    error
}

/// The first file is long enough that the last is not reached before the first bytes are reported.
fn two_big_files() -> Bench {
    let bench = Bench::new();
    bench.write("a", &noise(1, 20_000_000)).write("z", &noise(2, 20_000_000));
    bench
}

#[test]
fn a_source_that_changes_or_vanishes_meanwhile_fails_the_ingest_and_leaves_nothing() {
    let bench = two_big_files();
    let z = bench.source().join("z");
    let grown = meddled(&bench, false, || fs::write(&z, noise(3, 20_000_001)).unwrap());
    assert!(matches!(&grown, IngestError::Source(SourceError::Changed(path)) if *path == z), "{grown}");

    let bench = two_big_files();
    let gone = meddled(&bench, false, || fs::remove_dir_all(bench.source()).unwrap());
    assert!(matches!(&gone, IngestError::Source(SourceError::Vanished(_))), "{gone}");
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_file_is_not_waited_for() {
    let bench = two_big_files();
    let (z, pipe) = (bench.source().join("z"), bench.source().join("pipe"));
    let swapped = meddled(&bench, false, || {
        // In one step, so that nobody sees the place empty.
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        fs::rename(&pipe, &z).unwrap();
    });
    assert!(matches!(&swapped, IngestError::Source(SourceError::Changed(path)) if *path == z), "{swapped}");
}

#[test]
fn a_cancelled_ingest_leaves_nothing() {
    assert!(matches!(meddled(&two_big_files(), true, || {}), IngestError::Cancelled));
}

#[test]
fn staging_must_be_empty_and_outside_of_the_source() {
    let bench = Bench::new();
    bench.write("f", b"x");
    let inside = bench.source().join("deep/staging");
    let refused = ingest(&bench.source(), &inside, &KnownChunks::default(), &bench.options, &());
    assert!(matches!(refused, Err(IngestError::StagingInSource(_))));
    assert!(!bench.source().join("deep").exists());

    fs::create_dir(bench.staging()).unwrap();
    fs::write(bench.staging().join("other"), "precious").unwrap();
    assert!(matches!(bench.ingest(&KnownChunks::default(), &()), Err(IngestError::StagingInUse(_))));
    assert!(bench.staging().join("other").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_called_so() {
    let bench = Bench::new();
    let staging = Staging::create_outside(&bench.staging(), &bench.source()).unwrap();
    let mut full = crate::pack::PackWriter::new(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let error = full.as_mut().err().map(|error| error.kind());
    assert_eq!(error, Some(io::ErrorKind::StorageFull));
    assert!(matches!(staging.pack_error(full.err().unwrap()), IngestError::DiskFull(_)));
}
