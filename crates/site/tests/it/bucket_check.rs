//! A site is made on a bucket only once all that it will do there has been done, and the error says what to do.

use dray_site::{ContentLocation, InitError, InitOptions, Site, clock, init};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use tempfile::TempDir;

use crate::s3::{Server, said};

async fn make(folder: &TempDir, location: &str) -> Result<Site, InitError> {
    let dir = folder.path().join("site");
    let mut options = InitOptions::new("test".parse().unwrap());
    options.config.content = location.parse::<ContentLocation>().unwrap();
    init(&dir, &options, clock::system()).await?;
    Ok(Site::open(&dir).await.unwrap())
}

async fn refusal(location: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let refused = make(&folder, location).await.err().expect("no site is made");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
    said(&refused)
}

#[tokio::test]
async fn a_site_is_made_on_a_bucket_that_holds_what_was_tried() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let site = make(&folder, &server.location("sites/one")).await.unwrap();
    let claim = site.content().get(&Path::from("site")).await.unwrap().bytes().await.unwrap();
    assert_eq!(claim, "test".as_bytes());
    assert_eq!(std::fs::read_dir(server.disk().join("sites/one/trial")).unwrap().count(), 0);
    let text = std::fs::read_to_string(site.dir().join("site.toml")).unwrap();
    assert!(text.contains("content = \"s3://dray/sites/one?endpoint=http://127.0.0.1:"), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn a_prefix_that_another_site_uses_is_refused() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    make(&folder, &server.location("shared")).await.unwrap();
    let refused = refusal(&server.location("shared")).await;
    assert_eq!(refused, "s3://dray/shared is already in use and holds site; give the site an empty prefix of its own");
    make(&tempfile::tempdir().unwrap(), &server.location("other")).await.unwrap();
}

#[tokio::test]
async fn wrong_credentials_are_named_with_where_they_come_from() {
    let server = Server::start().await;
    let key = server.other_key("AKIAEXAMPLE", "not-the-secret");
    let refused = refusal(&server.location_with("", &key)).await;
    let expected = format!(
        "cannot list objects in s3://dray/: the server rejected the credentials, which come from the file {}",
        key.display()
    );
    assert!(refused.starts_with(&expected) && !refused.contains("not-the-secret"), "{refused}");
}

#[tokio::test]
async fn a_missing_bucket_is_named() {
    let server = Server::start().await;
    let refused = refusal(&server.location("").replace("s3://dray/", "s3://dray-two/")).await;
    assert!(refused.contains("there is no bucket \"dray-two\"; create it first, or use another"), "{refused}");
}

#[tokio::test]
async fn a_server_that_is_down_is_named() {
    let mut server = Server::start().await;
    let location = server.location("");
    server.stop().await;
    let refused = refusal(&location).await;
    assert!(refused.contains("no answer from http://127.0.0.1:"), "{refused}");
}

#[tokio::test]
async fn an_unknown_authority_is_told_from_a_server_that_is_down() {
    let server = Server::start_with_tls().await;
    let location = server.location("");
    let (stranger, _) = location.split_once("&ca=").unwrap();
    let refused = refusal(stranger).await;
    assert!(refused.contains("is not trusted; give the certificate of its authority with ca=FILE"), "{refused}");
}

#[tokio::test]
async fn each_missing_permission_is_named_and_granting_it_is_enough() {
    let server = Server::start().await;
    for (operation, step, permission) in [
        ("ListObjectsV2", "list objects", "s3:ListBucket"),
        ("PutObject", "write an object", "s3:PutObject"),
        ("CreateMultipartUpload", "write an object in parts", "s3:PutObject and s3:AbortMultipartUpload"),
        ("AbortMultipartUpload", "write an object in parts", "s3:PutObject and s3:AbortMultipartUpload"),
        ("GetObject", "read a range of an object", "s3:GetObject"),
        ("DeleteObject", "delete an object", "s3:DeleteObject"),
        // AWS says "forbidden" of what isn't there to those who may not list.
        ("HeadObject", "look up an object that does not exist", "s3:ListBucket"),
    ] {
        server.deny(operation);
        let refused = refusal(&server.location("site")).await;
        let expected =
            format!("cannot {step} in s3://dray/site: permission denied; grant {permission} to the credentials, ");
        assert!(refused.starts_with(&expected), "{operation}: {refused}");
    }
    server.deny("nothing");
    make(&tempfile::tempdir().unwrap(), &server.location("site")).await.unwrap();
}
