//! A site with published content, and a point that is enrolled at it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use dray_client::content::{Fetch, Fetcher, Source};
use dray_client::{HttpLimits, content};
use dray_content::Manifest;
use dray_content::ingest::{self, Ingested, KnownChunks};
use dray_content::rebuild;
use dray_content::update::prepare::{self, Folder, Outcome};
use dray_model::api::client::{
    EnrolRequest, Enrolled, EnrolledIdentity, PointAssignments, PointReports, RenewRequest, Renewed,
};
use dray_model::point::{AssignedObject, AssignedUpdate, PointAssignment, PointContentState, PointReport};
use dray_model::{Digest, Name};
use dray_point::{PointConfig, RunningPoint, Summary, enrol};
use dray_trust::{Identity, Token, TokenKind};
use http::{Request, Response};
use tokio::sync::watch;

use crate::server::{self, Authority, Body, Credentials, TestServer};

/// How the site answers a request for an object.
pub(crate) type ObjectAnswer = Arc<dyn Fn(&Request<Bytes>, &Bytes) -> Response<Body> + Send + Sync>;

/// A site and what it knows.
pub(crate) struct World {
    pub(crate) authority: Arc<Authority>,
    pub(crate) site: TestServer,
    pub(crate) state: Arc<SiteState>,
    folder: tempfile::TempDir,
    /// How far the point's clock is ahead, in seconds.
    pub(crate) ahead_s: Arc<AtomicU64>,
}

pub(crate) struct SiteState {
    authority: Arc<Authority>,
    objects: Mutex<HashMap<String, Bytes>>,
    assigned: watch::Sender<(u64, Vec<PointAssignment>)>,
    pub(crate) reports: watch::Sender<Vec<PointReport>>,
    answer: Mutex<ObjectAnswer>,
    /// How long certificates of points are good, in seconds.
    pub(crate) valid_s: AtomicU64,
    pub(crate) renewals: watch::Sender<u32>,
    /// Ranges that were asked for, by path.
    pub(crate) asked: Mutex<Vec<(String, (usize, usize))>>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let authority = Arc::new(Authority::new());
        let state = Arc::new(SiteState {
            authority: Arc::clone(&authority),
            objects: Mutex::default(),
            assigned: watch::Sender::new((1, Vec::new())),
            reports: watch::Sender::new(Vec::new()),
            answer: Mutex::new(Arc::new(server::object)),
            asked: Mutex::default(),
            valid_s: AtomicU64::new(86_400),
            renewals: watch::Sender::new(0),
        });
        let answers = Arc::clone(&state);
        let credentials = authority.site();
        let site = TestServer::start(&authority, &credentials, move |request| {
            let state = Arc::clone(&answers);
            async move { state.answer(request).await }
        })
        .await;
        Self { authority, site, state, folder: tempfile::tempdir().unwrap(), ahead_s: Arc::default() }
    }

    /// With a point that is enrolled.
    pub(crate) async fn with_point() -> Self {
        let world = Self::new().await;
        enrol::enrol(&world.point_folder(), &world.site.url, &world.token(), HttpLimits::default()).await.unwrap();
        world
    }

    pub(crate) fn token(&self) -> String {
        Token::generate(TokenKind::Enrolment, self.authority.0.fingerprint()).reveal()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn point_folder(&self) -> PathBuf {
        self.path("point")
    }

    pub(crate) fn config(&self) -> PointConfig {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let ahead_s = Arc::clone(&self.ahead_s);
        let clock = move || server::now() + Duration::from_secs(ahead_s.load(Ordering::SeqCst));
        PointConfig::new(self.point_folder(), listen, Arc::new(clock))
    }

    pub(crate) async fn start(&self) -> RunningPoint {
        dray_point::Point::start(self.config()).await.unwrap()
    }

    /// Publishes a content of noise: one file of `bytes`, whose seed makes it what it is.
    pub(crate) fn publish(&self, seed: u64, bytes: usize) -> Ingested {
        self.publish_bytes(seed, &noise(seed, bytes))
    }

    /// Publishes a content of one file; `seed` names its folders.
    pub(crate) fn publish_bytes(&self, seed: u64, bytes: &[u8]) -> Ingested {
        let source = self.path(&format!("source-{seed}"));
        std::fs::create_dir_all(&source).unwrap();
        std::fs::write(source.join("file.bin"), bytes).unwrap();
        let staging = self.path(&format!("staging-{seed}"));
        let ingested =
            ingest::ingest(&source, &staging, &KnownChunks::default(), &ingest::Options::default(), &()).unwrap();
        let mut objects = self.state.objects.lock().unwrap();
        objects.insert(format!("manifests/{}", ingested.manifest_digest), ingested.manifest_bytes.clone().into());
        for pack in &ingested.packs {
            objects.insert(format!("packs/{}", pack.digest), std::fs::read(&pack.path).unwrap().into());
        }
        ingested
    }

    pub(crate) fn assign(&self, contents: &[&Ingested]) {
        self.assign_with(contents, &[]);
    }

    /// Has the point hold the contents, each with these updates.
    pub(crate) fn assign_with(&self, contents: &[&Ingested], updates: &[AssignedUpdate]) {
        let assignment = |ingested: &&Ingested| PointAssignment {
            package: "app".parse().unwrap(),
            source_version: 1,
            content: ingested.content,
            manifest: ingested.manifest_digest,
            manifest_bytes: ingested.manifest_bytes.len() as u64,
            updates: updates.to_vec(),
        };
        let contents = contents.iter().map(assignment).collect();
        self.state.assigned.send_modify(|(revision, assigned)| {
            *revision += 1;
            *assigned = contents;
        });
    }

    /// Prepares the update between two contents that [`publish_bytes`](Self::publish_bytes) made, and has the site serve it.
    pub(crate) fn prepare(&self, (from, old): (u64, &Ingested), (to, new): (u64, &Ingested)) -> AssignedUpdate {
        self.prepare_from((&format!("source-{from}"), &old.manifest), (to, new))
    }

    /// Prepares the update from nothing.
    pub(crate) fn prepare_from_nothing(&self, new: (u64, &Ingested)) -> AssignedUpdate {
        self.prepare_from(("nothing", &Manifest::default()), new)
    }

    fn prepare_from(&self, (folder, old): (&str, &Manifest), (to, new): (u64, &Ingested)) -> AssignedUpdate {
        let contents = |folder: &str, of: &Manifest| Folder::new(&self.path(folder), of.tree());
        let (old_contents, new_contents) = (contents(folder, old), contents(&format!("source-{to}"), &new.manifest));
        let old_source = prepare::Source { manifest: old, contents: &old_contents };
        let new_source = prepare::Source { manifest: &new.manifest, contents: &new_contents };
        let staging = self.path(&format!("update-{folder}-{to}"));
        let made = prepare::prepare(&old_source, &new_source, &staging, &prepare::Options::default(), &()).unwrap();
        let Outcome::Prepared(made) = made else { panic!("the update is not worth it: {made:?}") };
        let mut objects = self.state.objects.lock().unwrap();
        let mut packs = Vec::new();
        for pack in &made.packs {
            objects.insert(format!("packs/{}", pack.digest), std::fs::read(&pack.path).unwrap().into());
            packs.push(AssignedObject { digest: pack.digest, bytes: pack.size });
        }
        let bytes = made.bytes.len() as u64;
        objects.insert(format!("updates/{}", made.digest), made.bytes.clone().into());
        let difference = rebuild::describe_manifest(old, &new.manifest, &made.update).unwrap();
        let manifest_difference = AssignedObject { digest: Digest::of(&difference), bytes: difference.len() as u64 };
        objects.insert(format!("manifest-differences/{}", manifest_difference.digest), difference.into());
        let manifest_difference = Some(manifest_difference);
        AssignedUpdate { from: old.tree().digest(), object: made.digest, bytes, packs, manifest_difference }
    }

    /// Has the site serve an object, and tells its digest.
    pub(crate) fn serve(&self, kind: &str, bytes: &'static [u8]) -> Digest {
        let digest = Digest::of(bytes);
        self.state.objects.lock().unwrap().insert(format!("{kind}/{digest}"), bytes.into());
        digest
    }

    /// Sets how objects are answered from now on.
    pub(crate) fn answer_objects(
        &self,
        answer: impl Fn(&Request<Bytes>, &Bytes) -> Response<Body> + Send + Sync + 'static,
    ) {
        *self.state.answer.lock().unwrap() = Arc::new(answer);
    }

    /// A device that fetches from the point.
    pub(crate) fn fetch_from(&self, point: &RunningPoint, credentials: &Credentials) -> Fetch {
        let base = format!("https://{}/v1", point.address()).parse().unwrap();
        let http = self.authority.client(Some(credentials), HttpLimits::default());
        Fetcher::new(http).from(vec![Source { name: "point".parse().unwrap(), base }])
    }

    pub(crate) fn object_file(&self, kind: &str, digest: &Digest) -> PathBuf {
        self.point_folder().join(kind).join(digest.to_string())
    }
}

impl SiteState {
    async fn answer(&self, request: Request<Bytes>) -> Response<Body> {
        match request.uri().path() {
            "/client/v1/enrol" => self.enrol(&request),
            "/client/v1/renew" => {
                let asked: RenewRequest = serde_json::from_slice(request.body()).unwrap();
                self.renewals.send_modify(|count| *count += 1);
                server::json(200, &Renewed { certificate: self.certify(&asked.csr, &"berlin".parse().unwrap()) })
            }
            "/client/v1/point/assignments" => self.assignments(&request).await,
            "/client/v1/point/reports" => {
                let reports: PointReports = serde_json::from_slice(request.body()).unwrap();
                self.reports.send_modify(|all| all.extend(reports.reports));
                server::bytes(204, "")
            }
            path => match path.strip_prefix("/client/v1/content/") {
                Some(name) => self.object(name, &request),
                None => server::bytes(404, ""),
            },
        }
    }

    fn enrol(&self, request: &Request<Bytes>) -> Response<Body> {
        let asked: EnrolRequest = serde_json::from_slice(request.body()).unwrap();
        let name: Name = "berlin".parse().unwrap();
        let enrolled = Enrolled {
            identity: EnrolledIdentity::Point { name: name.clone() },
            site: "acme".parse().unwrap(),
            certificate: self.certify(&asked.csr, &name),
            authority: self.authority.0.ca_pem().to_owned(),
            trusted_keys: serde_json::json!({}),
        };
        server::json(201, &enrolled)
    }

    fn certify(&self, csr: &str, point: &Name) -> String {
        let valid = Duration::from_secs(self.valid_s.load(Ordering::SeqCst));
        self.authority.certify_for(csr, &Identity::Point(point.clone()), valid)
    }

    async fn assignments(&self, request: &Request<Bytes>) -> Response<Body> {
        let known = request.headers().get("if-none-match").cloned();
        let mut assigned = self.assigned.subscribe();
        let tag = |revision: u64| format!("\"{revision}\"");
        let news = assigned.wait_for(|(revision, _)| known.as_ref().is_none_or(|known| *known != tag(*revision)));
        let (revision, contents) = news.await.unwrap().clone();
        let mut answer = server::json(200, &PointAssignments { contents, number: 1, returned: None });
        answer.headers_mut().insert("etag", tag(revision).parse().unwrap());
        answer
    }

    fn object(&self, name: &str, request: &Request<Bytes>) -> Response<Body> {
        let Some(bytes) = self.objects.lock().unwrap().get(name).cloned() else { return server::bytes(404, "") };
        if let Some(range) = server::asked(request) {
            self.asked.lock().unwrap().push((name.to_owned(), range));
        }
        let answer = Arc::clone(&self.answer.lock().unwrap());
        answer(request, &bytes)
    }
}

pub(crate) fn is_installed(summary: &Summary) -> bool {
    let installed = |state: &PointContentState| matches!(state, PointContentState::Installed { .. });
    !summary.contents.is_empty() && summary.contents.iter().all(|content| installed(&content.state))
}

pub(crate) fn failure(summary: &Summary) -> Option<String> {
    summary.contents.iter().find_map(|content| match &content.state {
        PointContentState::Failed { reason, .. } => Some(reason.clone()),
        _ => None,
    })
}

/// Reads an object whole.
pub(crate) async fn read(
    fetch: &Fetch,
    object: dray_content::ObjectName,
    bytes: u64,
) -> Result<Bytes, content::FetchError> {
    let mut reader = fetch.read(object, 0, bytes);
    let mut all = bytes::BytesMut::new();
    while let Some(piece) = reader.next().await? {
        all.extend_from_slice(&piece.bytes);
    }
    Ok(all.freeze())
}

/// Bytes that look random (xorshift64) and are the same in every run.
pub(crate) fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..count).map(|_| next()).collect()
}

pub(crate) fn exists(path: &Path) -> bool {
    path.try_exists().unwrap()
}
