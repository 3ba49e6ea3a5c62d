//! Fetching a content from several sources, and what bad ones can do.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use dray_client::content::{Fetch, FetchError, FetchLimits, Fetcher, SharedAssembly, Source, TreeError};
use dray_client::{ErrorClass, HttpLimits};
use dray_content::assemble::Assembly;
use dray_content::ingest::{self, Ingested, KnownChunks};
use dray_content::plan::{FetchOptions, plan};
use dray_model::Name;
use http::{Request, Response};

use crate::server::{self, Authority, Body, TestServer, Then};

/// A published content: its objects by path, as every honest source has them.
struct Published {
    folder: tempfile::TempDir,
    ingested: Ingested,
    objects: HashMap<String, Bytes>,
}

impl Published {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        std::fs::create_dir_all(source.join("sub")).unwrap();
        // Noise, so that it can't be compressed away: 3 MB in one file and small ones beside it.
        let noise = |seed: &str, count: usize| {
            let mut bytes = vec![0; count];
            let mut output = blake3_noise(seed);
            output.fill(&mut bytes);
            bytes
        };
        std::fs::write(source.join("big.bin"), noise("big", 3_000_000)).unwrap();
        for n in 0..20 {
            std::fs::write(source.join(format!("sub/{n}.txt")), noise(&n.to_string(), 3000)).unwrap();
        }
        let options = ingest::Options { pack_bytes_max: 1 << 20, ..ingest::Options::default() };
        let staging = folder.path().join("staging");
        let ingested = ingest::ingest(&source, &staging, &KnownChunks::default(), &options, &()).unwrap();
        let mut objects = HashMap::new();
        objects.insert(format!("/manifests/{}", ingested.manifest_digest), ingested.manifest_bytes.clone().into());
        for pack in &ingested.packs {
            objects.insert(format!("/packs/{}", pack.digest), std::fs::read(&pack.path).unwrap().into());
        }
        assert!(ingested.packs.len() >= 3);
        Self { folder, ingested, objects }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn assembly(&self, staging: &str) -> SharedAssembly {
        let options = FetchOptions { range_bytes_max: 256 << 10, ..FetchOptions::default() };
        let plan = plan(&Arc::new(self.ingested.manifest.clone()), &[], options).unwrap();
        Arc::new(Mutex::new(Assembly::open(&self.path(staging), plan, BTreeMap::new()).unwrap()))
    }

    fn is_whole(&self, tree: &Path) -> bool {
        dray_content::verify::verify_tree(tree, self.ingested.manifest.tree()).is_ok()
    }
}

/// Bytes that look random and are the same in every run.
struct Noise(u64);

fn blake3_noise(seed: &str) -> Noise {
    let digest = dray_model::Digest::of(seed.as_bytes());
    Noise(u64::from_le_bytes(digest.as_bytes()[..8].try_into().unwrap()) | 1)
}

impl Noise {
    /// xorshift64.
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            *byte = self.0 as u8;
        }
    }
}

type Answer = Arc<dyn Fn(&Request<Bytes>, &HashMap<String, Bytes>) -> Response<Body> + Send + Sync>;

fn honest(request: &Request<Bytes>, objects: &HashMap<String, Bytes>) -> Response<Body> {
    match objects.get(request.uri().path()) {
        Some(bytes) => server::object(request, bytes),
        None => server::bytes(404, ""),
    }
}

/// Sources `p0`, `p1`, … with these answers, in order of preference.
async fn fetch(published: &Published, answers: Vec<Answer>) -> (Fetch, Vec<TestServer>) {
    fetch_with(published, FetchLimits::default(), answers).await
}

async fn fetch_with(published: &Published, limits: FetchLimits, answers: Vec<Answer>) -> (Fetch, Vec<TestServer>) {
    let authority = Authority::new();
    let (mut servers, mut sources) = (Vec::new(), Vec::new());
    for (number, answer) in answers.into_iter().enumerate() {
        let objects = published.objects.clone();
        let credentials = authority.site();
        let server = TestServer::start(&authority, &credentials, move |request| {
            let answer = answer(&request, &objects);
            async { answer }
        })
        .await;
        sources.push(Source { name: format!("p{number}").parse().unwrap(), base: server.url.clone() });
        servers.push(server);
    }
    let http = authority.client(Some(&authority.device()), HttpLimits::default());
    (Fetcher::new(http).with_limits(limits).from(sources), servers)
}

fn counting() -> (Arc<AtomicUsize>, impl Fn(&Name, u64) + Send + Sync) {
    let count = Arc::new(AtomicUsize::new(0));
    let total = Arc::clone(&count);
    (count, move |_: &Name, bytes: u64| {
        total.fetch_add(bytes as usize, Ordering::SeqCst);
    })
}

#[tokio::test]
async fn a_content_comes_whole_from_points_side_by_side() {
    let published = Published::new();
    let (fetch, _servers) = fetch(&published, vec![Arc::new(honest), Arc::new(honest)]).await;
    let ingested = &published.ingested;
    let manifest = fetch.manifest(ingested.manifest_digest, ingested.manifest_bytes.len() as u64).await.unwrap();
    assert_eq!(manifest, ingested.manifest_bytes);
    let (count, on_bytes) = counting();
    let tree = published.path("tree");
    fetch.assemble(published.assembly("a"), tree.clone(), &on_bytes).await.unwrap();
    assert!(published.is_whole(&tree));
    let report = fetch.report();
    assert_eq!(report.bytes(), (count.load(Ordering::SeqCst) + manifest.len()) as u64);
    assert!(report.sources.iter().all(|source| source.bytes > 0), "{report:?}");
}

#[tokio::test]
async fn a_source_without_work_takes_over_the_rest_of_a_slow_one() {
    let published = Published::new();
    let first_pack = format!("/packs/{}", published.ingested.manifest.packs()[0].digest);
    let taken_over = Arc::new(tokio::sync::Notify::new());
    let (waits, path) = (Arc::clone(&taken_over), first_pack.clone());
    // Gives the beginning of what it is asked for first, and the rest once somebody else was asked for a part of it.
    let slow: Answer = Arc::new(move |request, objects| {
        let is_long = |(start, end): &(usize, usize)| end - start > 300_000;
        let asked = server::asked(request).filter(|_| request.uri().path() == path).filter(is_long);
        let Some((start, end)) = asked else { return honest(request, objects) };
        let bytes = &objects[&path];
        let rest = bytes.slice(start + 300_000..end);
        let waits = Arc::clone(&waits);
        let mut answer = server::interrupted(206, bytes.slice(start..start + 300_000), rest, async move {
            waits.notified().await;
        });
        answer.headers_mut().insert("content-range", server::content_range(start, end, bytes.len()));
        answer
    });
    let starts = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&starts);
    let quick: Answer = Arc::new(move |request, objects| {
        if request.uri().path() == first_pack {
            log.lock().unwrap().push(server::asked(request).unwrap().0);
            taken_over.notify_one();
        }
        honest(request, objects)
    });
    let limits = FetchLimits { requests: 2, take_over_bytes_min: 1, ..FetchLimits::default() };
    let (fetch, _servers) = fetch_with(&published, limits, vec![slow, quick]).await;
    let tree = published.path("tree");
    fetch.assemble(published.assembly("a"), tree.clone(), &|_, _| {}).await.unwrap();
    assert!(published.is_whole(&tree));
    let starts = starts.lock().unwrap();
    assert!(!starts.is_empty() && starts.iter().all(|start| *start > 300_000), "{starts:?}");
    assert!(fetch.report().sources.iter().all(|source| source.failures == 0));
}

#[tokio::test]
async fn a_source_that_serves_garbage_is_set_aside_and_the_other_used() {
    let published = Published::new();
    let garbage: Answer = Arc::new(|request, objects| {
        let bytes = &objects[request.uri().path()];
        server::object(request, &bytes.iter().map(|byte| byte ^ 1).collect())
    });
    let (fetch, _servers) = fetch(&published, vec![garbage, Arc::new(honest)]).await;
    let ingested = &published.ingested;
    fetch.manifest(ingested.manifest_digest, ingested.manifest_bytes.len() as u64).await.unwrap();
    let tree = published.path("tree");
    fetch.assemble(published.assembly("a"), tree.clone(), &|_, _| {}).await.unwrap();
    assert!(published.is_whole(&tree));
    let report = fetch.report();
    assert!(report.sources[0].set_aside.as_ref().unwrap().contains("damaged"));
    assert_eq!(report.sources[1].set_aside, None);
}

#[tokio::test]
async fn garbage_in_the_middle_of_a_content_is_noticed_too() {
    let published = Published::new();
    let sly: Answer = Arc::new(|request, objects| {
        let mut bytes = objects[request.uri().path()].to_vec();
        if request.uri().path().starts_with("/packs") {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x80;
        }
        server::object(request, &bytes.into())
    });
    let (fetch, _servers) = fetch(&published, vec![sly, Arc::new(honest)]).await;
    let tree = published.path("tree");
    fetch.assemble(published.assembly("a"), tree.clone(), &|_, _| {}).await.unwrap();
    assert!(published.is_whole(&tree));
    assert!(fetch.report().sources[0].set_aside.is_some());
}

#[tokio::test]
async fn when_a_source_breaks_off_the_next_goes_on_from_the_very_byte() {
    let published = Published::new();
    let manifest = published.ingested.manifest_bytes.clone();
    let (digest, size) = (published.ingested.manifest_digest, manifest.len());
    let breaking: Answer = Arc::new(move |request, objects| {
        let (start, end) = server::asked(request).unwrap();
        let piece = objects[request.uri().path()].slice(start..start + 10);
        let mut answer = server::broken(206, vec![piece], Then::Break);
        answer.headers_mut().insert("content-range", server::content_range(start, end, size));
        answer
    });
    let starts = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&starts);
    let second: Answer = Arc::new(move |request, objects| {
        log.lock().unwrap().push(server::asked(request).unwrap().0);
        honest(request, objects)
    });
    let (fetch, _servers) = fetch(&published, vec![breaking, second]).await;
    assert_eq!(fetch.manifest(digest, size as u64).await.unwrap(), manifest);
    assert_eq!(*starts.lock().unwrap(), [10]);
    let report = fetch.report();
    assert_eq!((report.sources[0].bytes, report.sources[0].failures), (10, 1));
}

#[tokio::test]
async fn a_source_without_ranges_or_with_other_ranges_does_no_harm() {
    let published = Published::new();
    let shifted: Answer = Arc::new(|request, objects| {
        let bytes = &objects[request.uri().path()];
        let (start, end) = server::asked(request).unwrap();
        let mut answer = server::bytes(206, bytes.slice(start..end));
        answer.headers_mut().insert("content-range", server::content_range(start + 1, end + 1, bytes.len() + 1));
        answer
    });
    let rangeless: Answer = Arc::new(|request, objects| server::bytes(200, objects[request.uri().path()].clone()));
    let (fetch, _servers) = fetch(&published, vec![shifted, rangeless, Arc::new(honest)]).await;
    let tree = published.path("tree");
    fetch.assemble(published.assembly("a"), tree.clone(), &|_, _| {}).await.unwrap();
    assert!(published.is_whole(&tree));
    assert!(fetch.report().sources[0].set_aside.is_some());
}

#[tokio::test]
async fn what_nobody_has_is_absent() {
    let published = Published::new();
    let nothing: Answer = Arc::new(|_, _| server::bytes(404, ""));
    let (fetch, _servers) = fetch(&published, vec![Arc::clone(&nothing), nothing]).await;
    let error = fetch.assemble(published.assembly("a"), published.path("tree"), &|_, _| {}).await.unwrap_err();
    let TreeError::Fetch(error @ FetchError::NoSource { .. }) = error else { panic!("{error:?}") };
    assert_eq!(error.class(), ErrorClass::Absent);
    assert!(error.to_string().contains("p0") && error.to_string().contains("p1"), "{error}");
}

#[tokio::test]
async fn a_fetch_that_was_stopped_goes_on_with_what_is_missing() {
    let published = Published::new();
    let hanging_pack = published.ingested.packs.last().unwrap().digest.to_string();
    let hung = Arc::new(tokio::sync::Notify::new());
    let reached = Arc::clone(&hung);
    let hanging: Answer = Arc::new(move |request, objects| {
        if !request.uri().path().ends_with(&hanging_pack) {
            return honest(request, objects);
        }
        reached.notify_one();
        let (start, end) = server::asked(request).unwrap();
        let bytes = &objects[request.uri().path()];
        let mut answer = server::broken(206, vec![bytes.slice(start..start + 1)], Then::Hang);
        answer.headers_mut().insert("content-range", server::content_range(start, end, bytes.len()));
        answer
    });
    let (first, _servers) = fetch(&published, vec![hanging]).await;
    let assembly = published.assembly("a");
    let whole: u64 = assembly.lock().unwrap().missing().iter().map(|range| range.length).sum();
    {
        // Every other pack comes; then the fetch is dropped in the middle of the last one.
        let others: u64 = published.ingested.packs.iter().rev().skip(1).map(|pack| pack.size).sum();
        let (count, on_bytes) = counting();
        let tree = published.path("tree");
        let fetching = first.assemble(Arc::clone(&assembly), tree, &on_bytes);
        tokio::pin!(fetching);
        loop {
            tokio::select! {
                done = &mut fetching => panic!("{done:?}"),
                () = hung.notified() => {}
                () = tokio::task::yield_now() => {}
            }
            let left: u64 = assembly.lock().unwrap().missing().iter().map(|range| range.length).sum();
            if left < whole && count.load(Ordering::SeqCst) as u64 > others / 2 {
                break;
            }
        }
    }
    let left: u64 = published.assembly("a").lock().unwrap().missing().iter().map(|range| range.length).sum();
    assert!(left < whole);
    let (second, _servers) = fetch(&published, vec![Arc::new(honest)]).await;
    let (count, on_bytes) = counting();
    let tree = published.path("tree");
    second.assemble(published.assembly("a"), tree.clone(), &on_bytes).await.unwrap();
    assert!(published.is_whole(&tree));
    assert!(count.load(Ordering::SeqCst) as u64 <= left);
}
