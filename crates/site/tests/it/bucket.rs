//! What the site relies on in a bucket: objects whole or not at all, ranges, absence told from failure, and flat memory.

use bytes::Bytes;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt as _};
use tokio::io::AsyncWriteExt as _;

use crate::s3::{Server, open, said};

const MIB: usize = 1 << 20;

/// Noise that no compression makes smaller.
fn noise(seed: u64, length: usize) -> Bytes {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes.into()
}

/// Stores bytes, in parts of 8 MiB when there are more.
async fn upload(store: &std::sync::Arc<dyn ObjectStore>, name: &str, bytes: Bytes) -> Result<(), Error> {
    let mut writer = BufWriter::with_capacity(store.clone(), Path::from(name), 8 * MIB);
    for start in (0..bytes.len()).step_by(MIB) {
        writer.put(bytes.slice(start..bytes.len().min(start + MIB))).await?;
    }
    writer.shutdown().await.map_err(|source| Error::Generic { store: "upload", source: Box::new(source) })
}

#[tokio::test]
async fn an_object_comes_back_as_it_was_put() {
    let server = Server::start().await;
    let store = server.open("a/b");
    for (name, length) in [("packs/small", 10), ("packs/one-part", 8 * MIB - 1), ("packs/parts", 20 * MIB + 7)] {
        let bytes = noise(1, length);
        upload(&store, name, bytes.clone()).await.unwrap();
        assert_eq!(store.get(&Path::from(name)).await.unwrap().bytes().await.unwrap(), bytes, "{name}");
        assert!(server.disk().join("a/b").join(name).exists(), "under the prefix");
    }
    let parts = server.requests().iter().filter(|request| request.contains("/packs/parts?partNumber=")).count();
    assert_eq!(parts, 3);
}

#[tokio::test]
async fn any_range_can_be_read() {
    let server = Server::start().await;
    let store = server.open("");
    let (name, bytes) = (Path::from("packs/a"), noise(2, 10_000));
    store.put(&name, bytes.clone().into()).await.unwrap();
    for (range, expected) in [
        (GetRange::Bounded(0..1), 0..1),
        (GetRange::Bounded(5_000..6_000), 5_000..6_000),
        (GetRange::Bounded(9_999..20_000), 9_999..10_000),
        (GetRange::Offset(9_000), 9_000..10_000),
        (GetRange::Suffix(10), 9_990..10_000),
    ] {
        let got = store.get_opts(&name, GetOptions { range: Some(range), ..GetOptions::default() }).await.unwrap();
        assert_eq!((got.range.clone(), got.meta.size), (expected.start as u64..expected.end as u64, 10_000));
        assert_eq!(got.bytes().await.unwrap(), bytes.slice(expected));
    }
    assert!(store.get_range(&name, 10_000..10_001).await.is_err());
}

#[tokio::test]
async fn absence_is_told_from_failure() {
    let server = Server::start().await;
    let store = server.open("");
    let name = Path::from("packs/none");
    assert!(matches!(store.head(&name).await, Err(Error::NotFound { .. })));
    assert!(matches!(store.get(&name).await, Err(Error::NotFound { .. })));
    assert!(matches!(store.get_range(&name, 0..1).await, Err(Error::NotFound { .. })));
    store.delete(&name).await.unwrap();
}

#[tokio::test]
async fn an_object_may_be_put_again() {
    let server = Server::start().await;
    let store = server.open("");
    for _ in 0..2 {
        upload(&store, "packs/small", noise(3, 100)).await.unwrap();
        upload(&store, "packs/large", noise(4, 9 * MIB)).await.unwrap();
    }
    assert_eq!(store.get(&Path::from("packs/large")).await.unwrap().bytes().await.unwrap(), noise(4, 9 * MIB));
}

#[tokio::test]
async fn wrong_credentials_are_refused_and_a_new_key_counts_at_once() {
    let server = Server::start().await;
    let key = server.other_key("AKIAEXAMPLE", "not-the-secret");
    let store = open(&server.location_with("", &key));
    let refused = store.put(&Path::from("packs/a"), Bytes::from_static(b"a").into()).await.unwrap_err();
    assert!(matches!(&refused, Error::PermissionDenied { .. }), "{refused}");
    let text = said(&refused);
    assert!(text.contains("SignatureDoesNotMatch") && !text.contains("not-the-secret"), "{text}");
    assert!(!text.contains("<Error>"), "the server's document isn't repeated: {text}");
    server.other_key("AKIAEXAMPLE", "a-secret-that-no-text-may-hold");
    store.put(&Path::from("packs/a"), Bytes::from_static(b"a").into()).await.unwrap();
    std::fs::remove_file(key).unwrap();
    let refused = store.head(&Path::from("packs/a")).await.unwrap_err();
    assert!(said(&refused).contains("cannot read the credentials in"), "{}", said(&refused));
}

#[tokio::test]
async fn tls_is_spoken_with_an_authority_that_the_location_names() {
    let server = Server::start_with_tls().await;
    let store = server.open("");
    upload(&store, "packs/a", noise(5, 9 * MIB)).await.unwrap();
    assert_eq!(store.get_range(&Path::from("packs/a"), 7..9).await.unwrap(), noise(5, 9 * MIB).slice(7..9));
    let location = server.location("");
    let (stranger, _) = location.split_once("&ca=").unwrap();
    let refused = open(stranger).head(&Path::from("packs/a")).await.unwrap_err();
    assert!(said(&refused).contains("ertificate"), "{}", said(&refused));
}

#[tokio::test]
async fn a_server_that_is_down_is_a_failure_and_serves_again_when_it_is_up() {
    let mut server = Server::start().await;
    let store = server.open("");
    let name = Path::from("packs/a");
    store.put(&name, noise(6, 100).into()).await.unwrap();
    server.stop().await;
    let failed = store.head(&name).await.unwrap_err();
    assert!(matches!(failed, Error::Generic { .. }), "not an absence: {failed}");
    server.start_again().await;
    assert_eq!(store.head(&name).await.unwrap().size, 100);
}

#[tokio::test]
async fn an_object_whose_upload_is_broken_off_is_not_there_and_can_be_put_later() {
    let mut server = Server::start().await;
    let store = server.open("");
    server.die_at("partNumber=2");
    let (uploaded, ()) = tokio::join!(upload(&store, "packs/a", noise(7, 20 * MIB)), server.dead());
    said(&uploaded.unwrap_err());
    server.start_again().await;
    assert!(matches!(store.head(&Path::from("packs/a")).await, Err(Error::NotFound { .. })));
    upload(&store, "packs/a", noise(7, 20 * MIB)).await.unwrap();
    assert_eq!(store.get(&Path::from("packs/a")).await.unwrap().bytes().await.unwrap(), noise(7, 20 * MIB));
}

#[tokio::test]
async fn a_transfer_that_breaks_goes_on_where_it_was() {
    let mut server = Server::start().await;
    let store = server.open("");
    let name = Path::from("packs/a");
    upload(&store, "packs/a", noise(8, 64 * MIB)).await.unwrap();
    let mut body = store.get(&name).await.unwrap().into_stream();
    let mut received = futures_util::StreamExt::next(&mut body).await.unwrap().unwrap().to_vec();
    server.stop().await;
    server.start_again().await;
    while let Some(piece) = futures_util::StreamExt::next(&mut body).await {
        received.extend_from_slice(&piece.unwrap());
    }
    assert!(received == noise(8, 64 * MIB), "{} bytes", received.len());
}
