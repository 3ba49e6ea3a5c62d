//! The client of a bucket: limits in time, retries, and what of a server's complaint may go into an error.
//!
//! A complaint about a signature quotes the request, session token and all, so of a failed answer only the code and the message
//! are kept. A transfer has no limit as a whole, since a device may read a pack slowly; each wait for bytes has one.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Collected, Limited};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};
use object_store::{BackoffConfig, Certificate, ClientOptions, RetryConfig};

use super::OpenContentError;
use super::bucket::{AddressStyle, BucketLocation};
use super::credentials::{self, Environment};

/// Bytes of a failed answer that are looked at. S3's are a few hundred.
const COMPLAINT_MAX_BYTES: usize = 64 << 10;
/// Characters of a code or message that are kept.
const COMPLAINT_MAX_CHARS: usize = 300;
/// The region that servers outside of AWS expect when they have none.
const NO_REGION: &str = "us-east-1";

/// How long to wait and how often to try.
pub(super) struct Patience {
    /// For a connection.
    connect: Duration,
    /// For the next bytes of an answer, and for the whole of a request to be sent and its answer to begin. Eight parts of 8 MiB that
    /// are sent side by side get through in this time at 5 Mbit/s.
    read: Duration,
    /// Tries after the first.
    retries: usize,
    /// Longest pause between two tries; the first is a tenth of a second, each up to twice the one before.
    pause: Duration,
}

impl Patience {
    /// For a site at work. A server that refuses connections is given up after some 5 seconds; jobs try again by themselves.
    pub(super) const SERVING: Self = Self {
        connect: Duration::from_secs(5),
        read: Duration::from_secs(120),
        retries: 6,
        pause: Duration::from_secs(5),
    };

    /// For a person who waits to hear whether the bucket can be used.
    pub(super) const CHECKING: Self = Self {
        connect: Duration::from_secs(5),
        read: Duration::from_secs(20),
        retries: 1,
        pause: Duration::from_secs(1),
    };

    fn retry(&self) -> RetryConfig {
        let backoff = BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: self.pause,
            ..BackoffConfig::default()
        };
        RetryConfig { backoff, max_retries: self.retries, ..RetryConfig::default() }
    }
}

/// The client for `location`; no request is made.
pub(super) fn open(
    location: &BucketLocation,
    environment: &Environment,
    patience: &Patience,
) -> Result<AmazonS3, OpenContentError> {
    let region = match (&location.region, &location.endpoint) {
        (Some(region), _) => region,
        (None, Some(_)) => NO_REGION,
        (None, None) => return Err(OpenContentError::NoRegion),
    };
    let builder = AmazonS3Builder::new()
        .with_bucket_name(&location.bucket)
        .with_region(region)
        .with_virtual_hosted_style_request(location.address_style() == AddressStyle::Virtual)
        // An object is removed by itself here, and not every server knows how to remove several.
        .with_disable_bulk_delete(true)
        .with_retry(patience.retry())
        .with_client_options(options(location, patience)?)
        .with_http_connector(Discreet);
    let builder = match endpoint(location) {
        Some(endpoint) => builder.with_endpoint(endpoint),
        None => builder,
    };
    credentials::apply(builder, location, environment)?.build().map_err(OpenContentError::Client)
}

/// The endpoint as the client wants it: with the bucket in it when that is part of the host's name.
fn endpoint(location: &BucketLocation) -> Option<String> {
    let endpoint = location.endpoint.as_ref()?.to_string();
    let endpoint = endpoint.trim_end_matches('/');
    Some(match location.address_style() {
        AddressStyle::Path => endpoint.to_owned(),
        AddressStyle::Virtual => endpoint.replacen("://", &format!("://{}.", location.bucket), 1),
    })
}

fn options(location: &BucketLocation, patience: &Patience) -> Result<ClientOptions, OpenContentError> {
    let mut options = ClientOptions::new()
        .with_allow_http(location.allows_http())
        .with_connect_timeout(patience.connect)
        .with_read_timeout(patience.read)
        .with_timeout_disabled();
    if let Some(path) = &location.ca {
        let io = |source| object_store::Error::Generic { store: "file", source: Box::new(source) };
        let certificates = std::fs::read(path).map_err(io).and_then(|pem: Vec<u8>| Certificate::from_pem_bundle(&pem));
        for certificate in certificates.map_err(|source| OpenContentError::Authority { path: path.clone(), source })? {
            options = options.with_root_certificate(certificate);
        }
    }
    Ok(options)
}

/// Connects as the library does, but keeps of a failed answer only what may be repeated.
#[derive(Debug)]
struct Discreet;

#[derive(Debug)]
struct DiscreetClient(HttpClient);

impl HttpConnector for Discreet {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(DiscreetClient(ReqwestConnector::default().connect(options)?)))
    }
}

#[async_trait]
impl HttpService for DiscreetClient {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.0.execute(request).await?;
        if !answer.status().is_client_error() && !answer.status().is_server_error() {
            return Ok(answer);
        }
        let (parts, body) = answer.into_parts();
        // A complaint that is cut off or too long is none; the status says enough.
        let complaint = Limited::new(body, COMPLAINT_MAX_BYTES).collect().await.map(Collected::to_bytes);
        Ok(HttpResponse::from_parts(parts, essence(&complaint.unwrap_or_default()).into()))
    }
}

/// `CODE: MESSAGE` of an S3 error document; nothing of any other text.
fn essence(complaint: &Bytes) -> String {
    let text = String::from_utf8_lossy(complaint);
    let found = ["Code", "Message"].into_iter().filter_map(|name| element(&text, name));
    found.collect::<Vec<_>>().join(": ")
}

fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (value, _) = rest.split_once(&format!("</{name}>"))?;
    Some(value.chars().filter(|char| !char.is_control()).take(COMPLAINT_MAX_CHARS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::ClientConfigKey;

    fn location(text: &str) -> BucketLocation {
        text.parse().unwrap()
    }

    #[test]
    fn a_transfer_may_take_its_time_but_no_wait_is_endless() {
        let options = options(&location("bucket/?region=r"), &Patience::SERVING).unwrap();
        assert_eq!(options.get_config_value(&ClientConfigKey::Timeout), None);
        assert_eq!(options.get_config_value(&ClientConfigKey::ReadTimeout).as_deref(), Some("2m"));
        assert_eq!(options.get_config_value(&ClientConfigKey::ConnectTimeout).as_deref(), Some("5s"));
        assert_eq!(options.get_config_value(&ClientConfigKey::AllowHttp).as_deref(), Some("false"));
    }

    #[test]
    fn the_bucket_stands_in_the_host_or_in_the_path() {
        let endpoint = |text| endpoint(&location(text));
        assert_eq!(endpoint("bucket/?region=r"), None);
        assert_eq!(endpoint("bucket/?endpoint=https://s3.local:9000/").unwrap(), "https://s3.local:9000");
        let named = "bucket/?endpoint=https://s3.local:9000&style=virtual";
        assert_eq!(endpoint(named).unwrap(), "https://bucket.s3.local:9000");
    }

    #[test]
    fn a_complaint_keeps_its_code_and_message_alone() {
        let complaint = "<?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code><Message>No\n match.</Message>\
            <CanonicalRequest>x-amz-security-token:hunter2</CanonicalRequest></Error>";
        assert_eq!(essence(&complaint.into()), "SignatureDoesNotMatch: No match.");
        assert_eq!(essence(&"<html>hunter2</html>".into()), "");
        assert_eq!(essence(&Bytes::from_static(b"<Code>\xff")), "");
    }

    #[test]
    fn without_region_and_endpoint_nothing_says_which_server_is_meant() {
        let refused = open(&location("bucket/"), &Environment::default(), &Patience::SERVING);
        assert!(matches!(refused, Err(OpenContentError::NoRegion)));
    }
}
