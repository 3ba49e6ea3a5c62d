//! Where the site keeps content: a local folder or a bucket of an S3-compatible store, behind one handle.
//!
//! The location says *where*, completely: `site.toml` holds it, and the environment can't send the site to another server later.
//! *Who the site is* there is told by the environment, a file or the machine's identity ([`credentials`]); a location has no room
//! for a secret, and no error repeats what stood in one.

mod bucket;
mod check;
mod connection;
mod credentials;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use bucket::BucketLocation;
pub use check::{ContentCheckError, Step};
pub(crate) use check::{check, claim};
use connection::Patience;
pub use credentials::Environment;

/// The place of a site's content. Text form: `file:PATH` or `s3://BUCKET/PREFIX?OPTION=VALUE&…` ([`BucketLocation`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentLocation {
    /// A folder; a relative path counts from the site's folder.
    Folder(PathBuf),
    /// A bucket.
    Bucket(BucketLocation),
}

/// A text that is no [`ContentLocation`]. Nothing of the text is repeated but names of options: a secret may stand where none belongs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidContentLocation {
    /// Neither form.
    #[error("not a content location; use file:PATH or s3://BUCKET/PREFIX?OPTION=VALUE")]
    Form,
    /// The bucket's name.
    #[error(
        "not a bucket name; use 3 to 63 lower-case letters, digits, dots and hyphens, and do not put credentials into the location"
    )]
    Bucket,
    /// The prefix.
    #[error("not a prefix; use names between single slashes, other than . and ..")]
    Prefix,
    /// An option that there isn't.
    #[error(
        "{0} is not an option of an s3:// location; the options are endpoint, region, style, allow_http, credentials and ca"
    )]
    Option(String),
    /// An option said twice.
    #[error("{0} is given twice")]
    Twice(&'static str),
    /// An option's value.
    #[error("invalid value for {option}; expected {expected}")]
    Value {
        /// Which.
        option: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// An endpoint without TLS.
    #[error("the endpoint uses plain http, which anyone on the network can read; use https, or add allow_http=true")]
    PlainHttp,
}

/// Why a place for content can't be used at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenContentError {
    /// The folder can't be made or opened.
    #[error("cannot open the folder {path}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// What stood in the way.
        #[source]
        source: object_store::Error,
    },
    /// Neither an endpoint nor a region: nothing says which server is meant.
    #[error(
        "the location has neither a region nor an endpoint; add ?region=NAME or, for a provider other than AWS, ?endpoint=https://HOST"
    )]
    NoRegion,
    /// One half of a key.
    #[error("{present} is set in the environment, but {missing} is not")]
    HalfAKey {
        /// What is there.
        present: &'static str,
        /// What is not.
        missing: &'static str,
    },
    /// The file with the authority's certificate.
    #[error("cannot use the certificates in {path}")]
    Authority {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: object_store::Error,
    },
    /// The client.
    #[error("cannot set up the connection to the bucket")]
    Client(#[source] object_store::Error),
}

impl ContentLocation {
    /// Opens it, making the folder when it is missing; a bucket isn't asked. `base` is the site's folder.
    ///
    /// # Errors
    /// When the folder can't be made, or location and environment don't describe a connection.
    pub fn open(&self, base: &Path, environment: &Environment) -> Result<Arc<dyn ObjectStore>, OpenContentError> {
        match self {
            Self::Folder(path) => open_folder(base.join(path)),
            Self::Bucket(bucket) => bucket.open(environment, &Patience::SERVING),
        }
    }

    /// The folder, when it is one. `base` is the site's folder.
    pub(crate) fn folder_in(&self, base: &Path) -> Option<PathBuf> {
        match self {
            Self::Folder(path) => Some(base.join(path)),
            Self::Bucket(_) => None,
        }
    }

    /// The location with what it leaves open taken from the environment, so that it holds good without it from now on.
    ///
    /// # Errors
    /// When the environment's endpoint or region makes no sense, or is plain http that the location doesn't allow.
    pub fn settled(self, environment: &Environment) -> Result<Self, InvalidContentLocation> {
        match self {
            Self::Bucket(bucket) => bucket.settled(environment).map(Self::Bucket),
            Self::Folder(_) => Ok(self),
        }
    }
}

fn open_folder(path: PathBuf) -> Result<Arc<dyn ObjectStore>, OpenContentError> {
    let failed = |source: std::io::Error| object_store::Error::Generic { store: "folder", source: Box::new(source) };
    let made = std::fs::create_dir_all(&path).map_err(failed).and_then(|()| LocalFileSystem::new_with_prefix(&path));
    match made {
        // What a release names must be there after a power cut, too.
        Ok(folder) => Ok(Arc::new(folder.with_fsync(true))),
        Err(source) => Err(OpenContentError::Folder { path, source }),
    }
}

impl FromStr for ContentLocation {
    type Err = InvalidContentLocation;

    fn from_str(text: &str) -> Result<Self, InvalidContentLocation> {
        if let Some(path) = text.strip_prefix("file:").filter(|path| !path.is_empty()) {
            return Ok(Self::Folder(path.into()));
        }
        text.strip_prefix("s3://").ok_or(InvalidContentLocation::Form)?.parse().map(Self::Bucket)
    }
}

impl fmt::Display for ContentLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "file:{}", path.display()),
            Self::Bucket(bucket) => write!(f, "s3://{bucket}"),
        }
    }
}

impl Serialize for ContentLocation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentLocation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_reads_back() {
        for text in [
            "file:content",
            "file:/srv/dray",
            "s3://bucket/",
            "s3://bucket/a/b",
            "s3://bucket/a?region=eu-central-1",
            "s3://bucket/?endpoint=https://s3.example.com:9000/s3&region=garage&style=path",
            "s3://bucket/?endpoint=http://[::1]:9000&allow_http=true&credentials=/etc/dray/s3 key&ca=/etc/s3.pem",
        ] {
            assert_eq!(text.parse::<ContentLocation>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_text_of_neither_form_is_refused() {
        for bad in ["", "file:", "content", "http://x/", "s3:bucket"] {
            assert_eq!(bad.parse::<ContentLocation>(), Err(InvalidContentLocation::Form), "{bad}");
        }
    }
}
