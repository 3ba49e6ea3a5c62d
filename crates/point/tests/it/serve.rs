//! What a point answers, byte by byte over TLS, and to whom.

use std::sync::Arc;

use bytes::Bytes;
use dray_client::HttpLimits;
use dray_client::content::FetchError;
use dray_content::ObjectName;
use dray_model::Digest;
use dray_point::RunningPoint;
use dray_trust::{Identity, TlsSettings};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::server::{Authority, Credentials};
use crate::world::{World, is_installed, read};

struct Served {
    world: World,
    point: RunningPoint,
    device: Credentials,
    path: String,
    bytes: Bytes,
}

/// A point that holds one pack, at `path`.
async fn served() -> Served {
    let world = World::with_point().await;
    let ingested = world.publish(1, 700_000);
    world.assign(&[&ingested]);
    let point = world.start().await;
    point.wait_until(is_installed).await;
    let pack = &ingested.packs[0];
    let bytes = std::fs::read(&pack.path).unwrap().into();
    let device = world.authority.device();
    Served { world, point, device, path: format!("/v1/packs/{}", pack.digest), bytes }
}

impl Served {
    /// Sends a request with these fields and reads the whole answer.
    async fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> (Response<()>, Bytes) {
        let (chain, key) = (self.device.0.as_str(), self.device.1.as_str());
        let authority = self.world.authority.0.ca_pem();
        let tls = dray_trust::client_config(authority, Some((chain, key)), &TlsSettings::without_alpn()).unwrap();
        let stream = TcpStream::connect(self.point.address()).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let stream = TlsConnector::from(Arc::new(tls)).connect(name, stream).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header("host", "point");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let answer = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        let (head, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        drop(sender);
        connection.await.unwrap().unwrap();
        (Response::from_parts(head, ()), bytes)
    }

    fn etag(&self) -> String {
        format!("\"{}\"", self.path.rsplit('/').next().unwrap())
    }
}

fn field<'a>(answer: &'a Response<()>, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn an_object_is_served_whole_as_one_that_never_changes() {
    let served = served().await;
    let (answer, bytes) = served.ask("GET", &served.path, &[]).await;
    assert_eq!((answer.status().as_u16(), &bytes), (200, &served.bytes));
    assert_eq!(field(&answer, "etag"), served.etag());
    assert_eq!(field(&answer, "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(field(&answer, "accept-ranges"), "bytes");
    let (head, nothing) = served.ask("HEAD", &served.path, &[]).await;
    assert_eq!((head.status().as_u16(), nothing.len()), (200, 0));
    assert_eq!(field(&head, "content-length"), served.bytes.len().to_string());
}

#[tokio::test]
async fn ranges_are_served_to_the_byte() {
    let served = served().await;
    let size = served.bytes.len();
    for (range, start, end) in [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        (format!("bytes={}-", size - 1).as_str(), size - 1, size),
        ("bytes=-100", size - 100, size),
        ("bytes=262143-262144", 262_143, 262_145),
        ("bytes=5-99999999", 5, size),
    ] {
        let (answer, bytes) = served.ask("GET", &served.path, &[("range", range)]).await;
        assert_eq!(answer.status(), 206, "{range}");
        assert_eq!(bytes, served.bytes.slice(start..end), "{range}");
        assert_eq!(field(&answer, "content-range"), format!("bytes {start}-{}/{size}", end - 1));
        assert_eq!(field(&answer, "content-length"), (end - start).to_string());
    }
}

#[tokio::test]
async fn ranges_that_hold_nothing_are_refused_with_the_size() {
    let served = served().await;
    let size = served.bytes.len();
    for range in [format!("bytes={size}-"), "bytes=-0".to_owned(), "bytes=99999999-".to_owned()] {
        let (answer, _) = served.ask("GET", &served.path, &[("range", &range)]).await;
        assert_eq!(answer.status(), 416, "{range}");
        assert_eq!(field(&answer, "content-range"), format!("bytes */{size}"));
    }
}

#[tokio::test]
async fn conditions_are_kept() {
    let served = served().await;
    let etag = served.etag();
    let (answer, bytes) = served.ask("GET", &served.path, &[("if-none-match", &etag)]).await;
    assert_eq!((answer.status().as_u16(), bytes.len()), (304, 0));
    assert_eq!(field(&answer, "etag"), etag);
    let (answer, _) = served.ask("GET", &served.path, &[("range", "bytes=0-9"), ("if-range", &etag)]).await;
    assert_eq!(answer.status(), 206);
    let (answer, bytes) = served.ask("GET", &served.path, &[("range", "bytes=0-9"), ("if-range", "\"x\"")]).await;
    assert_eq!((answer.status().as_u16(), bytes.len()), (200, served.bytes.len()));
}

#[tokio::test]
async fn only_objects_are_served_and_only_for_reading() {
    let served = served().await;
    let absent = format!("/v1/packs/{}", Digest::of(b"absent"));
    for path in [
        absent.as_str(),
        "/",
        "/v1/packs/",
        "/v1/identity/identity.json",
        "/v1/packs/../identity/identity.json",
        "/v1/packs/%2e%2e/lock",
        "/v1//etc/passwd",
        &served.path.to_uppercase(),
        &format!("{}/", served.path),
    ] {
        let (answer, bytes) = served.ask("GET", path, &[]).await;
        assert_eq!((answer.status().as_u16(), bytes.len()), (404, 0), "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let (answer, _) = served.ask(method, &served.path, &[]).await;
        assert_eq!(answer.status(), 405, "{method}");
        assert_eq!(field(&answer, "allow"), "GET, HEAD");
    }
}

#[tokio::test]
async fn devices_and_points_of_the_site_are_served_and_nobody_else() {
    let served = served().await;
    let digest: Digest = served.path.rsplit('/').next().unwrap().parse().unwrap();
    let object = ObjectName::Pack(digest);
    let size = served.bytes.len() as u64;
    let ours = &served.world.authority;
    for good in [ours.device(), ours.issue(&Identity::Point("paris".parse().unwrap()))] {
        let fetch = served.world.fetch_from(&served.point, &good);
        assert_eq!(read(&fetch, object, size).await.unwrap(), served.bytes);
    }
    let fetch = served.world.fetch_from(&served.point, &Authority::new().device());
    assert!(matches!(read(&fetch, object, size).await, Err(FetchError::NoSource { .. })));
    let fetch = served.world.fetch_from(&served.point, &ours.site());
    assert!(read(&fetch, object, size).await.is_err());
    let without = ours.client(None, HttpLimits::default());
    let url = format!("https://{}{}", served.point.address(), served.path).parse().unwrap();
    let range = dray_client::http::ByteRange::new(0, 1).unwrap();
    assert!(without.range(url, range).await.is_err());
}

#[tokio::test]
async fn bytes_that_mean_nothing_end_their_connection_and_no_other() {
    const ALERT: u8 = 21;
    let served = served().await;
    let noise: Vec<u8> = (0..4096_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0] | 0x80).collect();
    let mut record = vec![0x16, 3, 3, 2, 0];
    record.resize(517, 0xff);
    for bytes in [noise, b"GET / HTTP/1.1\r\nHost: point\r\n\r\n".to_vec(), record] {
        let mut socket = TcpStream::connect(served.point.address()).await.unwrap();
        let mut said = Vec::new();
        // The other end may close before it has read everything.
        let _ = socket.write_all(&bytes).await;
        let _ = socket.read_to_end(&mut said).await;
        assert!(said.first().is_none_or(|kind| *kind == ALERT), "{said:?}");
        assert_eq!(served.ask("HEAD", &served.path, &[]).await.0.status(), 200);
    }
}

#[tokio::test]
async fn a_point_that_stops_lets_a_request_finish() {
    let served = served().await;
    let digest: Digest = served.path.rsplit('/').next().unwrap().parse().unwrap();
    let fetch = served.world.fetch_from(&served.point, &served.device);
    let mut reader = fetch.read(ObjectName::Pack(digest), 0, served.bytes.len() as u64);
    let mut came = reader.next().await.unwrap().unwrap().bytes.len();
    let rest = async {
        while let Some(piece) = reader.next().await.unwrap() {
            came += piece.bytes.len();
        }
    };
    tokio::join!(rest, served.point.stop());
    assert_eq!(came, served.bytes.len());
    assert_eq!(fetch.report().sources[0].failures, 0);
}
