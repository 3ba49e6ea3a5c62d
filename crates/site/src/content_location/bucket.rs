//! A bucket and how it is reached: what stands after `s3://`.
//!
//! The options are those that an administrator must be able to say for any provider, and none of them is a secret: a file with
//! credentials is named, never quoted. Values stand as they are, without escapes, so none can hold an `&`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path as ObjectPath;
use object_store::prefix::PrefixStore;

use super::connection::{self, Patience};
use super::credentials::Environment;
use super::{InvalidContentLocation, OpenContentError};

/// Longest name of a region.
const REGION_MAX: usize = 64;

/// A place in a bucket. Text form, after `s3://`: `BUCKET/PREFIX?OPTION=VALUE&…` with the options
///
/// | option | meaning | without it |
/// | --- | --- | --- |
/// | `endpoint` | `https://HOST[:PORT][/PATH]` of the server, without the bucket | AWS, in the region |
/// | `region` | what requests are signed for | `us-east-1` with an endpoint; must be said for AWS |
/// | `style` | `path` (`HOST/BUCKET`) or `virtual` (`BUCKET.HOST`) | `virtual` at AWS unless the name has a dot, else `path` |
/// | `allow_http` | `true`: the endpoint may be plain `http` | TLS is required |
/// | `credentials` | absolute path of a file with a key, read again for each request | see [`Environment`] |
/// | `ca` | absolute path of a file with certificates (PEM) of authorities to trust beside the system's | the system's alone |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketLocation {
    /// The bucket's name.
    pub(super) bucket: String,
    /// Where in it; may be empty.
    pub(super) prefix: ObjectPath,
    pub(super) endpoint: Option<http::Uri>,
    pub(super) region: Option<String>,
    style: Option<AddressStyle>,
    allow_http: bool,
    pub(super) credentials: Option<PathBuf>,
    pub(super) ca: Option<PathBuf>,
}

/// Where a request's address names the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AddressStyle {
    /// `https://HOST/BUCKET/…`
    Path,
    /// `https://BUCKET.HOST/…`
    Virtual,
}

impl BucketLocation {
    pub(super) fn settled(mut self, environment: &Environment) -> Result<Self, InvalidContentLocation> {
        if self.endpoint.is_none() {
            self.endpoint = environment.endpoint().map(endpoint).transpose()?;
        }
        if self.region.is_none() {
            self.region = environment.region().map(region).transpose()?;
        }
        self.refuse_plain_http()?;
        Ok(self)
    }

    fn refuse_plain_http(&self) -> Result<(), InvalidContentLocation> {
        let plain = self.endpoint.as_ref().is_some_and(|endpoint| endpoint.scheme_str() == Some("http"));
        if plain && !self.allow_http { Err(InvalidContentLocation::PlainHttp) } else { Ok(()) }
    }

    /// Opens it with some patience; no request is made.
    pub(super) fn open(
        &self,
        environment: &Environment,
        patience: &Patience,
    ) -> Result<Arc<dyn ObjectStore>, OpenContentError> {
        let bucket = connection::open(self, environment, patience)?;
        Ok(Arc::new(PrefixStore::new(bucket, self.prefix.clone())))
    }

    /// Whether plain http may be spoken.
    pub(super) fn allows_http(&self) -> bool {
        self.allow_http
    }

    /// How the bucket is addressed.
    pub(super) fn address_style(&self) -> AddressStyle {
        self.style.unwrap_or(if self.endpoint.is_none() && !self.bucket.contains('.') {
            AddressStyle::Virtual
        } else {
            // Certificates for *.HOST don't cover a name with a dot, and few other providers have names for each bucket.
            AddressStyle::Path
        })
    }

    fn set(&mut self, option: &str, value: &str) -> Result<(), InvalidContentLocation> {
        let wrong = |option, expected| InvalidContentLocation::Value { option, expected };
        match option {
            "endpoint" => once("endpoint", &mut self.endpoint, endpoint(value)?),
            "region" => once("region", &mut self.region, region(value)?),
            "style" => once("style", &mut self.style, style(value)?),
            "credentials" => once("credentials", &mut self.credentials, file("credentials", value)?),
            "ca" => once("ca", &mut self.ca, file("ca", value)?),
            "allow_http" if value == "true" => {
                self.allow_http = true;
                Ok(())
            }
            "allow_http" => Err(wrong("allow_http", "true, or the option left out")),
            other => Err(InvalidContentLocation::Option(printable(other))),
        }
    }
}

fn once<T>(option: &'static str, place: &mut Option<T>, value: T) -> Result<(), InvalidContentLocation> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(InvalidContentLocation::Twice(option)),
    }
}

fn endpoint(text: &str) -> Result<http::Uri, InvalidContentLocation> {
    let expected = "https://HOST, optionally with a port and a path, but without user name, bucket or query";
    let wrong = || InvalidContentLocation::Value { option: "endpoint", expected };
    let uri: http::Uri = text.trim_end_matches('/').parse().map_err(|_| wrong())?;
    let scheme = uri.scheme_str().is_some_and(|scheme| scheme == "https" || scheme == "http");
    let authority = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    if scheme && authority && uri.query().is_none() { Ok(uri) } else { Err(wrong()) }
}

fn region(text: &str) -> Result<String, InvalidContentLocation> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=REGION_MAX).contains(&text.len()) && text.bytes().all(good) {
        return Ok(text.to_owned());
    }
    Err(InvalidContentLocation::Value { option: "region", expected: "a name like eu-central-1" })
}

fn style(text: &str) -> Result<AddressStyle, InvalidContentLocation> {
    match text {
        "path" => Ok(AddressStyle::Path),
        "virtual" => Ok(AddressStyle::Virtual),
        _ => Err(InvalidContentLocation::Value { option: "style", expected: "path or virtual" }),
    }
}

fn file(option: &'static str, text: &str) -> Result<PathBuf, InvalidContentLocation> {
    if !Path::new(text).is_absolute() || text.contains(char::is_control) {
        return Err(InvalidContentLocation::Value { option, expected: "the absolute path of a file" });
    }
    Ok(text.into())
}

/// The rules of AWS, which are the strictest: 3 to 63 lower-case letters, digits, dots and hyphens, no dot or hyphen at an end.
fn is_bucket_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|&byte| plain(byte) || byte == b'.' || byte == b'-')
        && bytes.first().zip(bytes.last()).is_some_and(|(&first, &last)| plain(first) && plain(last))
        && !name.contains("..")
}

/// An option's name as it may be repeated: someone may have put a secret in its place.
fn printable(name: &str) -> String {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    if name.len() <= 24 && !name.is_empty() && name.bytes().all(word) { name.to_owned() } else { "this".to_owned() }
}

impl FromStr for BucketLocation {
    type Err = InvalidContentLocation;

    fn from_str(text: &str) -> Result<Self, InvalidContentLocation> {
        let (place, options) = text.split_once('?').map_or((text, None), |(place, options)| (place, Some(options)));
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if !is_bucket_name(bucket) {
            return Err(InvalidContentLocation::Bucket);
        }
        let mut location = Self {
            bucket: bucket.to_owned(),
            prefix: ObjectPath::parse(prefix).map_err(|_| InvalidContentLocation::Prefix)?,
            endpoint: None,
            region: None,
            style: None,
            allow_http: false,
            credentials: None,
            ca: None,
        };
        for option in options.into_iter().flat_map(|options| options.split('&')) {
            let (name, value) =
                option.split_once('=').ok_or_else(|| InvalidContentLocation::Option(printable(option)))?;
            location.set(name, value)?;
        }
        location.refuse_plain_http()?;
        Ok(location)
    }
}

impl fmt::Display for BucketLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.prefix)?;
        let style = self.style.map(|style| match style {
            AddressStyle::Path => "path".to_owned(),
            AddressStyle::Virtual => "virtual".to_owned(),
        });
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let options = [
            ("endpoint", self.endpoint.as_ref().map(|uri| uri.to_string().trim_end_matches('/').to_owned())),
            ("region", self.region.clone()),
            ("style", style),
            ("allow_http", self.allow_http.then(|| "true".to_owned())),
            ("credentials", path(&self.credentials)),
            ("ca", path(&self.ca)),
        ];
        let said = options.into_iter().filter_map(|(name, value)| value.map(|value| format!("{name}={value}")));
        let said: Vec<_> = said.collect();
        if said.is_empty() { Ok(()) } else { write!(f, "?{}", said.join("&")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<BucketLocation, InvalidContentLocation> {
        text.parse()
    }

    #[test]
    fn names_that_no_store_has_are_refused() {
        for bad in ["", "ab", "Bucket", "a_b", "-ab", "ab.", "a..b", &"a".repeat(64)] {
            assert_eq!(parse(bad), Err(InvalidContentLocation::Bucket), "{bad}");
        }
        for bad in ["bucket/a//b", "bucket/../b", "bucket/a/./b"] {
            assert_eq!(parse(bad), Err(InvalidContentLocation::Prefix), "{bad}");
        }
    }

    #[test]
    fn plain_http_must_be_allowed_in_so_many_words() {
        assert_eq!(parse("bucket/?endpoint=http://s3.local"), Err(InvalidContentLocation::PlainHttp));
        assert!(parse("bucket/?endpoint=http://s3.local&allow_http=true").is_ok());
        assert!(parse("bucket/?endpoint=http://s3.local&allow_http=yes").is_err());
    }

    #[test]
    fn no_error_repeats_what_may_be_a_secret() {
        for text in [
            "AKIAEXAMPLE:hunter2@bucket/",
            "bucket/?secret_access_key=hunter2",
            "bucket/?hunter2",
            "bucket/?endpoint=https://user:hunter2@s3.local",
            "bucket/?region=hunter2/&style=path",
            "bucket/?style=hunter2",
        ] {
            let said = parse(text).unwrap_err().to_string();
            assert!(!said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn the_style_follows_the_provider_unless_said() {
        let style = |text| parse(text).unwrap().address_style();
        assert_eq!(style("bucket/?region=eu-central-1"), AddressStyle::Virtual);
        assert_eq!(style("my.bucket/?region=eu-central-1"), AddressStyle::Path);
        assert_eq!(style("bucket/?endpoint=https://s3.local"), AddressStyle::Path);
        assert_eq!(style("bucket/?endpoint=https://s3.local&style=virtual"), AddressStyle::Virtual);
    }

    #[test]
    fn what_the_location_leaves_open_is_settled_by_the_environment_once() {
        let environment =
            Environment::of([("AWS_ENDPOINT_URL", "https://other.example.com"), ("AWS_REGION", "eu-central-1")]);
        let open = parse("bucket/").unwrap().settled(&environment).unwrap();
        assert_eq!(open.to_string(), "bucket/?endpoint=https://other.example.com&region=eu-central-1");
        let said = "bucket/?endpoint=https://s3.local&region=garage";
        assert_eq!(parse(said).unwrap().settled(&environment).unwrap().to_string(), said);
        let plain = Environment::of([("AWS_ENDPOINT_URL_S3", "http://s3.local"), ("AWS_ALLOW_HTTP", "true")]);
        assert_eq!(parse("bucket/").unwrap().settled(&plain), Err(InvalidContentLocation::PlainHttp));
    }
}
