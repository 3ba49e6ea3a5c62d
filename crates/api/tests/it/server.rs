//! The listeners: limits, unknown addresses, connections that come to nothing.

use std::time::Duration;

use bytes::Bytes;
use dray_api::{ServeError, ServeOptions, serve};
use dray_trust::certificate::{Identity, NewIdentity};
use http::{Method, Request, StatusCode, header};
use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_stream::wrappers::ReceiverStream;

use crate::client::Server;

#[tokio::test]
async fn health_readiness_and_metrics_need_no_token() {
    let server = Server::start().await;
    for (path, expected) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let mut request = server.request(Method::GET, path, None);
        request.headers_mut().remove(header::AUTHORIZATION);
        assert_eq!(server.ask(request).await.body, expected);
    }
    server.admin(Method::GET, "/api/v1/jobs/j-0000000000001", None).await;
    let text = server.admin(Method::GET, "/metrics", None).await.body;
    let text = std::str::from_utf8(&text).unwrap();
    assert!(text.contains(r#"route="/api/v1/jobs/{id}""#), "{text}");
}

#[tokio::test]
async fn a_request_id_is_told_back_and_stands_in_problems() {
    let server = Server::start().await;
    let mut request = server.request(Method::GET, "/nowhere", None);
    request.headers_mut().insert("x-request-id", "abc-1".parse().unwrap());
    let answer = server.ask(request).await;
    assert_eq!(answer.headers["x-request-id"], "abc-1");
    assert_eq!(answer.json()["request_id"], "abc-1");
}

#[tokio::test]
async fn clients_connect_with_their_certificate_and_without() {
    let server = Server::start().await;
    let NewIdentity { key_pem, csr_pem } = NewIdentity::generate();
    let device = Identity::Device(dray_site::random::device_id());
    let site = &server.test.site;
    let issued = site.keys().authority().issue(&csr_pem, &device, &[], Duration::from_secs(600), site.now()).unwrap();
    for identity in [None, Some((issued.chain_pem.as_str(), key_pem.as_str()))] {
        let request = server.request(Method::GET, "/client/v1/nothing", None);
        let answer = server.ask_at(server.running.client_addr, request, identity).await;
        assert_eq!(answer.problem(), (404, "no_route".to_owned()));
    }
}

/// The server's window is a mebibyte, so a caller who gets through with three more is read to the end.
#[tokio::test]
async fn a_body_that_is_too_large_is_answered_and_not_reset() {
    let server = Server::start().await;
    let (body, chunks) = tokio::sync::mpsc::channel(1);
    let frames = futures_util::StreamExt::map(ReceiverStream::new(chunks), |chunk| Ok(Frame::data(chunk)));
    let (parts, _) = server.request(Method::POST, "/api/v1/packages", Some(().into())).into_parts();
    let mut sender = server.connect(server.running.admin_addr, None).await;
    let answer = tokio::spawn(sender.send_request(Request::from_parts(parts, StreamBody::new(frames))));
    let chunk = Bytes::from(vec![b' '; 1 << 18]);
    for _ in 0..5 {
        body.send(chunk.clone()).await.unwrap();
    }
    assert_eq!(answer.await.unwrap().unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
    for _ in 0..12 {
        body.send(chunk.clone()).await.expect("the stream was reset");
    }
}

/// What is no TLS: bytes without a pattern, another protocol, a record whose inside is no handshake.
fn no_tls() -> [Vec<u8>; 3] {
    let mut noise = vec![0x80];
    noise.extend((1..4096_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]));
    let mut record = vec![0x16, 3, 3, 2, 0];
    record.resize(517, 0xff);
    [noise, b"GET / HTTP/1.1\r\nHost: site\r\n\r\n".to_vec(), record]
}

#[tokio::test]
async fn bytes_that_mean_nothing_end_their_connection_and_no_other() {
    const ALERT: u8 = 21;
    let server = Server::start().await;
    let addresses = [server.running.admin_addr, server.running.client_addr];
    for addr in addresses {
        let mut bystander = server.connect(addr, None).await;
        for bytes in no_tls() {
            let mut socket = TcpStream::connect(addr).await.unwrap();
            let mut said = Vec::new();
            // The other end may close before it has read everything.
            let _ = socket.write_all(&bytes).await;
            let _ = socket.read_to_end(&mut said).await;
            assert!(said.first().is_none_or(|kind| *kind == ALERT), "{said:?}");
        }
        let mut stream = server.tls(addr, None).await;
        let _ = stream.write_all(&no_tls()[0]).await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
        let answer = bystander.send_request(server.request(Method::GET, "/nowhere", None)).await.unwrap();
        assert!(answer.status().is_client_error());
    }
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let server = Server::start().await;
    let options = ServeOptions { admin_addr: server.running.admin_addr, client_addr: server.running.client_addr };
    let refused = serve(server.test.site.clone(), options).await.unwrap_err();
    assert!(matches!(refused, ServeError::Bind { addr, .. } if addr == options.admin_addr), "{refused}");
}

#[tokio::test]
async fn a_stopped_server_lets_go_of_its_addresses() {
    let server = Server::start().await;
    let addr = server.running.admin_addr;
    server.admin(Method::GET, "/healthz", None).await;
    server.running.stop().await;
    tokio::net::TcpListener::bind(addr).await.unwrap();
}
