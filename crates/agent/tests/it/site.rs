//! A site in miniature for tests: enrolment, policy, documents, content and status over real TLS, with the faults that a test
//! asks for. It decides nothing: a test says what is in the policy.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path as InPath, Query, State};
use axum::http::header::{CONTENT_RANGE, ETAG, IF_NONE_MATCH, RANGE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use dray_agent::clock;
use dray_content::ingest::{KnownChunks, Options, ingest};
use dray_content::update::prepare::{self, Folder, Outcome, Source, prepare};
use dray_model::advertisement::{Advertisement, AdvertisementTerms};
use dray_model::api::client::*;
use dray_model::facts::Facts;
use dray_model::package::{Content, Release, ReleaseNumber};
use dray_model::policy::{Policy, PolicyEntry};
use dray_model::program::Program;
use dray_model::status::{StatusEvent, StatusMessage};
use dray_model::{DeviceId, Digest, Name};
use dray_trust::{
    CertificateAuthority, ClientAuth, Fingerprint, Identity, NewIdentity, Role, SigningKey, TlsSettings, Token,
    TokenKind, TrustedKeys, seal_document, server_config,
};
use futures_util::{StreamExt, stream};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

/// The site; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Site(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) url: String,
    pub(crate) token: String,
    authority: CertificateAuthority,
    key: SigningKey,
    known: Mutex<Known>,
    changed: watch::Sender<u64>,
    objects: TempDir,
}

/// How the site refuses a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusing {
    /// Itself, and keeps the others of its batch.
    Alone,
    /// With its whole batch.
    Whole,
}

/// What the site knows and how it misbehaves.
#[derive(Default)]
pub(crate) struct Known {
    entries: BTreeMap<String, PolicyEntry>,
    documents: BTreeMap<Digest, Vec<u8>>,
    contents: BTreeMap<Digest, (Digest, u64)>,
    /// By the content that they give.
    pub(crate) updates: BTreeMap<Digest, Vec<ContentUpdate>>,
    releases: u32,
    revisions: u32,
    pub(crate) messages: BTreeMap<u64, StatusMessage>,
    pub(crate) facts: Option<Facts>,
    /// Answers nothing but 503.
    pub(crate) down: bool,
    /// Keeps no message that reports a delivery.
    pub(crate) refuses_deliveries: Option<Refusing>,
    /// Flips a byte of every document.
    pub(crate) tampers_documents: bool,
    /// Of every pack only the first half is sent until this is opened.
    pub(crate) halfway: Option<Arc<Semaphore>>,
    /// What a content published from now on requires beyond what its tree does.
    pub(crate) requires: Vec<String>,
    /// Flips a byte of every pack.
    pub(crate) tampers_packs: bool,
    /// Issues certificates at enrolment that are due for renewal at once.
    pub(crate) short_certificates: bool,
    /// Renewals that were asked for.
    pub(crate) renewals: u32,
    /// Bytes of packs that were served.
    pub(crate) pack_bytes: u64,
    /// Requests for manifests that were answered.
    pub(crate) manifests: u32,
    /// Requests for updates that were answered.
    pub(crate) updates_served: u32,
}

type Served = Arc<Shared>;

impl Site {
    /// A site on a free port of the loopback.
    pub(crate) async fn start() -> Self {
        let name: Name = "test-site".parse().unwrap();
        let authority = CertificateAuthority::generate(&name, clock::now()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fingerprint = Fingerprint::of_pem(authority.ca_pem()).unwrap();
        let shared = Arc::new(Shared {
            url: format!("https://{}", listener.local_addr().unwrap()),
            token: Token::generate(TokenKind::Enrolment, fingerprint).reveal(),
            authority,
            key: SigningKey::generate(),
            known: Mutex::default(),
            changed: watch::Sender::new(1),
            objects: tempfile::tempdir().unwrap(),
        });
        let new = NewIdentity::generate();
        let day = Duration::from_secs(86_400);
        let addresses = ["127.0.0.1".parse().unwrap()];
        let issued = shared.authority.issue(&new.csr_pem, &Identity::Site, &addresses, day, clock::now()).unwrap();
        let auth = ClientAuth::Optional(shared.authority.ca_pem().to_owned());
        let config = server_config(&issued.chain_pem, &new.key_pem, &auth, &TlsSettings::without_alpn()).unwrap();
        tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config)), router(Arc::clone(&shared))));
        Self(shared)
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    pub(crate) fn token(&self) -> &str {
        &self.0.token
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known()
    }

    /// Publishes a release of the package `tool` with one program, and content when there is a source folder.
    pub(crate) fn publish(&self, program: Program, source: Option<&Path>) -> Digest {
        let content = source.map(|source| self.take_in(source));
        let mut known = self.known();
        known.releases += 1;
        let number = ReleaseNumber { source_version: known.releases, revision: 1 };
        let package = "tool".parse().unwrap();
        let properties = dray_model::package::PackageProperties::default();
        let programs = vec![program];
        let (format, requires) = (Release::FORMAT, Vec::new());
        let release = Release { format, package, number, requires, properties, content, programs };
        let sealed = seal_document(Role::Release, &release, &[&self.0.key]).unwrap();
        known.documents.insert(sealed.digest, sealed.bytes);
        sealed.digest
    }

    fn take_in(&self, source: &Path) -> Content {
        let staging = self.0.objects.path().join("staging");
        let taken = ingest(source, &staging, &KnownChunks::default(), &Options::default(), &()).unwrap();
        let object = |name: String| self.0.objects.path().join(name);
        std::fs::write(object(taken.manifest_digest.to_string()), &taken.manifest_bytes).unwrap();
        for pack in &taken.packs {
            std::fs::rename(&pack.path, object(pack.digest.to_string())).unwrap();
        }
        std::fs::remove_dir_all(&staging).unwrap();
        let manifest = (taken.manifest_digest, taken.manifest_bytes.len() as u64);
        let mut known = self.known();
        known.contents.insert(taken.content, manifest);
        Content {
            digest: taken.content,
            size_bytes: taken.totals.bytes,
            files: taken.totals.files,
            requires: taken.manifest.tree().requires().into_iter().chain(known.requires.clone()).collect(),
        }
    }

    /// Offers the update from one folder's content, or from nothing, to another's. Gives the packs of its segments.
    pub(crate) fn offer_update(&self, from: Option<&Path>, to: &Path) -> Vec<Digest> {
        let scratch = self.0.objects.path().join("scratch");
        let manifest_of = |folder: &Path| {
            let taken = ingest(folder, &scratch, &KnownChunks::default(), &Options::default(), &()).unwrap();
            std::fs::remove_dir_all(&scratch).unwrap();
            taken.manifest
        };
        let nothing = self.0.objects.path().join("nothing");
        std::fs::create_dir_all(&nothing).unwrap();
        let from = from.unwrap_or(&nothing);
        let (old, new) = (manifest_of(from), manifest_of(to));
        let (old_bytes, new_bytes) = (Folder::new(from, old.tree()), Folder::new(to, new.tree()));
        let old = Source { manifest: &old, contents: &old_bytes };
        let new = Source { manifest: &new, contents: &new_bytes };
        let made = prepare(&old, &new, &scratch, &prepare::Options::default(), &()).unwrap();
        let Outcome::Prepared(made) = made else { panic!("the update is worth having") };
        let object = |digest: Digest| self.0.objects.path().join(digest.to_string());
        std::fs::write(object(made.digest), &made.bytes).unwrap();
        for pack in &made.packs {
            std::fs::rename(&pack.path, object(pack.digest)).unwrap();
        }
        let from = old.manifest.tree().digest();
        let offer = ContentUpdate {
            from,
            object: made.digest,
            bytes: made.bytes.len() as u64,
            fetch_bytes: made.totals.fetch_bytes(),
        };
        self.known().updates.entry(new.manifest.tree().digest()).or_default().push(offer);
        made.packs.iter().map(|pack| pack.digest).collect()
    }

    /// Has no source serve an object any more.
    pub(crate) fn lose(&self, object: Digest) {
        std::fs::remove_file(self.0.objects.path().join(object.to_string())).unwrap();
    }

    /// Puts an advertisement of a release into the policy; a new revision each time.
    pub(crate) fn advertise(&self, name: &str, terms: AdvertisementTerms, release: Digest) {
        {
            let mut known = self.known();
            known.revisions += 1;
            let published_at = clock::now();
            let (format, revision, requires) = (Advertisement::FORMAT, known.revisions, Vec::new());
            let name: Name = name.parse().unwrap();
            let document = Advertisement { format, name: name.clone(), revision, published_at, requires, terms };
            let sealed = seal_document(Role::Advertisement, &document, &[&self.0.key]).unwrap();
            known.documents.insert(sealed.digest, sealed.bytes);
            known.entries.insert(name.to_string(), PolicyEntry::new(name, sealed.digest, release));
        }
        self.0.changed.send_modify(|version| *version += 1);
    }

    /// Waits until the messages say what is asked for.
    pub(crate) async fn heard<T>(&self, find: impl Fn(&BTreeMap<u64, StatusMessage>) -> Option<T>) -> T {
        for _ in 0..1500 {
            if let Some(found) = find(&self.known().messages) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("not heard in time; messages: {:#?}", self.known().messages);
    }

    /// Waits for the first execution that is reported.
    pub(crate) async fn executed(&self) -> StatusEvent {
        self.heard(|messages| executions(messages).into_iter().next()).await
    }
}

pub(crate) fn executions(messages: &BTreeMap<u64, StatusMessage>) -> Vec<StatusEvent> {
    let events = messages.values().map(|message| message.event.clone());
    events.filter(|event| matches!(event, StatusEvent::Executed { .. })).collect()
}

impl Shared {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap()
    }

    fn issue(&self, csr: &str, device: DeviceId, seconds: u64) -> String {
        let subject = Identity::Device(device);
        self.authority.issue(csr, &subject, &[], Duration::from_secs(seconds), clock::now()).unwrap().chain_pem
    }
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, router: Router) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (tls, router) = (tls.clone(), router.clone());
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(stream).await else { return };
            let service = TowerToHyperService::new(router);
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn router(shared: Served) -> Router {
    Router::new()
        .route("/client/v1/enrol", post(enrol))
        .route("/client/v1/renew", post(renew))
        .route("/client/v1/policy", get(policy))
        .route("/client/v1/documents/{digest}", get(document))
        .route("/client/v1/facts", put(facts))
        .route("/client/v1/locations", post(locations))
        .route("/client/v1/status", post(status))
        .route("/client/v1/content/{kind}/{digest}", get(object))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&shared), fault))
        .with_state(shared)
}

async fn fault(State(site): State<Served>, request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    if site.known().down { StatusCode::SERVICE_UNAVAILABLE.into_response() } else { next.run(request).await }
}

const DEVICE: u64 = 7;

async fn enrol(State(site): State<Served>, Json(request): Json<EnrolRequest>) -> Response {
    if request.token != site.token {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let id = DeviceId::from_random(DEVICE);
    let mut keys = TrustedKeys::new();
    for role in [Role::Release, Role::Advertisement, Role::Policy] {
        keys = keys.with_role(role, [*site.key.public_key()], 1).unwrap();
    }
    let enrolled = Enrolled {
        identity: EnrolledIdentity::Device { id, name: "pc-1".parse().unwrap() },
        site: "test-site".parse().unwrap(),
        certificate: site.issue(&request.csr, id, if site.known().short_certificates { 100 } else { 86_400 }),
        authority: site.authority.ca_pem().to_owned(),
        trusted_keys: serde_json::to_value(keys).unwrap(),
    };
    Json(enrolled).into_response()
}

async fn renew(State(site): State<Served>, Json(request): Json<RenewRequest>) -> Json<Renewed> {
    site.known().renewals += 1;
    Json(Renewed { certificate: site.issue(&request.csr, DeviceId::from_random(DEVICE), 86_400) })
}

async fn policy(
    State(site): State<Served>,
    Query(query): Query<BTreeMap<String, u64>>,
    headers: HeaderMap,
) -> Response {
    let mut version = site.changed.subscribe();
    let held = headers.get(IF_NONE_MATCH).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
    let is_news = |version: &u64| held.as_deref() != Some(&format!("\"{version}\""));
    let wait = Duration::from_secs(query.get("wait_s").copied().unwrap_or(0));
    let news = tokio::time::timeout(wait, version.wait_for(is_news)).await.map(|news| *news.unwrap());
    let number = match news {
        Ok(number) => number,
        Err(_) if is_news(&version.borrow()) => *version.borrow(),
        Err(_) => return StatusCode::NOT_MODIFIED.into_response(),
    };
    let issued_at = clock::now();
    let policy = Policy {
        format: Policy::FORMAT,
        device: DeviceId::from_random(DEVICE),
        number,
        era: None,
        returned: None,
        issued_at,
        expires_at: issued_at + Duration::from_secs(7 * 86_400),
        entries: site.known().entries.values().cloned().map(Into::into).collect(),
        settings: dray_model::policy::AgentSettings::default(),
    };
    let sealed = seal_document(Role::Policy, &policy, &[&site.key]).unwrap();
    ([(ETAG, format!("\"{number}\""))], sealed.bytes).into_response()
}

async fn document(State(site): State<Served>, InPath(digest): InPath<String>) -> Response {
    let known = site.known();
    match known.documents.get(&digest.parse().unwrap()) {
        Some(bytes) if known.tampers_documents => flipped(bytes.clone()).into_response(),
        Some(bytes) => bytes.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn facts(State(site): State<Served>, Json(facts): Json<Facts>) -> StatusCode {
    site.known().facts = Some(facts);
    StatusCode::NO_CONTENT
}

async fn status(State(site): State<Served>, Json(batch): Json<StatusBatch>) -> Response {
    let mut known = site.known();
    let read: Vec<StatusMessage> =
        batch.messages.iter().map(|message| serde_json::from_str(message.get()).unwrap()).collect();
    let is_bad = |message: &StatusMessage| matches!(message.event, StatusEvent::Delivered { .. });
    if known.refuses_deliveries == Some(Refusing::Whole) && read.iter().any(is_bad) {
        return (StatusCode::UNPROCESSABLE_ENTITY, "no").into_response();
    }
    let mut answer = StatusAnswer::default();
    for (place, message) in read.into_iter().enumerate() {
        if known.refuses_deliveries.is_some() && is_bad(&message) {
            let (code, why) = ("odd".to_owned(), "it is odd".to_owned());
            answer.refused.push(RefusedMessage { place, number: Some(message.number), code, why });
            continue;
        }
        answer.accepted += 1;
        match known.messages.entry(message.number) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(message);
                answer.new += 1;
            }
            std::collections::btree_map::Entry::Occupied(kept) => {
                assert_eq!(*kept.get(), message, "a number was used for two messages");
            }
        }
    }
    Json(answer).into_response()
}

async fn locations(State(site): State<Served>, Json(request): Json<LocationsRequest>) -> Json<Locations> {
    let known = site.known();
    let source = ContentSource { name: "site".parse().unwrap(), url: format!("{}/client/v1/content", site.url) };
    let found = request.contents.into_iter().filter_map(|content| {
        let (manifest, manifest_bytes) = *known.contents.get(&content)?;
        let updates = known.updates.get(&content).cloned().unwrap_or_default();
        Some(ContentLocations { content, manifest, manifest_bytes, sources: vec![source.clone()], updates })
    });
    Json(Locations { contents: found.collect() })
}

async fn object(
    State(site): State<Served>,
    InPath((kind, digest)): InPath<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Ok(bytes) = std::fs::read(site.objects.path().join(digest)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let total = bytes.len();
    let range = headers.get(RANGE).and_then(|range| range.to_str().ok()?.strip_prefix("bytes=")?.split_once('-'));
    let (start, end) = match range {
        Some((start, end)) => (start.parse().unwrap(), end.parse::<usize>().unwrap().min(total - 1) + 1),
        None => (0, total),
    };
    let mut part = bytes[start..end].to_vec();
    let halfway = site.known().halfway.clone().filter(|_| kind == "packs");
    let mut known = site.known();
    match kind.as_str() {
        "manifests" => known.manifests += 1,
        "updates" => known.updates_served += 1,
        _ => {}
    }
    if kind == "packs" {
        known.pack_bytes += part.len() as u64;
        if known.tampers_packs {
            part = flipped(part);
        }
    }
    if range.is_none() {
        return part.into_response();
    }
    let said = format!("bytes {start}-{}/{total}", end - 1);
    (StatusCode::PARTIAL_CONTENT, [(CONTENT_RANGE, said)], body(part.into(), halfway)).into_response()
}

fn body(mut bytes: Bytes, halfway: Option<Arc<Semaphore>>) -> Body {
    let Some(halfway) = halfway else { return bytes.into() };
    let first = bytes.split_to(bytes.len() / 2);
    let second = async move {
        let _opened = halfway.acquire().await.unwrap();
        Ok::<_, std::convert::Infallible>(bytes)
    };
    Body::from_stream(stream::iter([Ok(first)]).chain(stream::once(second)))
}

fn flipped(mut bytes: Vec<u8>) -> Vec<u8> {
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bytes
}
