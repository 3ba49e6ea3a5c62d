//! Who the site is at the bucket's server. The first of these that is there counts:
//!
//! 1. the file that the location names with `credentials=`: `aws_access_key_id`, `aws_secret_access_key` and perhaps
//!    `aws_session_token` in its section `[default]`, read again for each request, so that a new key needs no restart;
//! 2. `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and perhaps `AWS_SESSION_TOKEN` in the environment;
//! 3. the identity that the platform gives: web identity (`AWS_WEB_IDENTITY_TOKEN_FILE`), container (`AWS_CONTAINER_…`), instance.
//!
//! No secret is ever part of a text: not of `Debug`, not of an error.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential, AwsCredentialProvider};
use object_store::{CredentialProvider, StaticCredentialProvider};

use super::OpenContentError;
use super::bucket::BucketLocation;

/// A file with credentials has a few lines.
const FILE_MAX_BYTES: u64 = 64 << 10;
const KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";

/// How the platform tells a process who it is.
const PLATFORM: [&str; 9] = [
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_METADATA_ENDPOINT",
    "AWS_IMDSV1_FALLBACK",
];

/// What the environment says of S3, under the names that AWS's own tools use. Empty values count as absent.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// That of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self::of(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// The given variables.
    pub fn of<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self(variables.filter(|(name, value)| name.starts_with("AWS_") && !value.is_empty()).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn endpoint(&self) -> Option<&str> {
        self.get("AWS_ENDPOINT_URL_S3").or_else(|| self.get("AWS_ENDPOINT_URL"))
    }

    pub(super) fn region(&self) -> Option<&str> {
        self.get("AWS_REGION").or_else(|| self.get("AWS_DEFAULT_REGION"))
    }

    fn key(&self) -> Result<Option<AwsCredential>, OpenContentError> {
        match (self.get(KEY_ID), self.get(SECRET)) {
            (Some(key_id), Some(secret)) => Ok(Some(AwsCredential {
                key_id: key_id.to_owned(),
                secret_key: secret.to_owned(),
                token: self.get("AWS_SESSION_TOKEN").map(str::to_owned),
            })),
            (Some(_), None) => Err(OpenContentError::HalfAKey { present: KEY_ID, missing: SECRET }),
            (None, Some(_)) => Err(OpenContentError::HalfAKey { present: SECRET, missing: KEY_ID }),
            (None, None) => Ok(None),
        }
    }

    /// Where the credentials for `location` come from, for people.
    pub(super) fn source_for(&self, location: &BucketLocation) -> String {
        match &location.credentials {
            Some(path) => format!("the file {}", path.display()),
            None if self.get(KEY_ID).is_some() => format!("{KEY_ID} and {SECRET} in the environment"),
            None if PLATFORM.iter().any(|name| self.get(name).is_some()) => "the platform's identity".to_owned(),
            None => format!("this machine's instance identity, because neither {KEY_ID} nor credentials=FILE is given"),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Tells the client who the site is.
pub(super) fn apply(
    builder: AmazonS3Builder,
    location: &BucketLocation,
    environment: &Environment,
) -> Result<AmazonS3Builder, OpenContentError> {
    if let Some(path) = &location.credentials {
        let provider: AwsCredentialProvider = Arc::new(FileCredentials { path: path.clone() });
        return Ok(builder.with_credentials(provider));
    }
    if let Some(key) = environment.key()? {
        return Ok(builder.with_credentials(Arc::new(StaticCredentialProvider::new(key))));
    }
    let said = PLATFORM.iter().filter_map(|name| environment.get(name).map(|value| (name.to_ascii_lowercase(), value)));
    said.into_iter().try_fold(builder, |builder, (name, value)| {
        let key: AmazonS3ConfigKey = name.parse().map_err(OpenContentError::Client)?;
        Ok(builder.with_config(key, value))
    })
}

/// A file with a key.
#[derive(Debug)]
struct FileCredentials {
    path: PathBuf,
}

/// Why a file gives no key. What stands in it isn't repeated.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("cannot read the credentials in {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("no {key} in the section [default] of {path}")]
    Missing { path: PathBuf, key: &'static str },
    #[error("the credentials file {path} is larger than {FILE_MAX_BYTES} bytes")]
    TooLarge { path: PathBuf },
}

#[async_trait]
impl CredentialProvider for FileCredentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || read(&path)).await?;
        let failed = |source| object_store::Error::Generic { store: "credentials", source: Box::new(source) };
        read.map(Arc::new).map_err(failed)
    }
}

fn read(path: &Path) -> Result<AwsCredential, FileError> {
    let unreadable = |source| FileError::Read { path: path.to_owned(), source };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(FILE_MAX_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > FILE_MAX_BYTES {
        return Err(FileError::TooLarge { path: path.to_owned() });
    }
    let values = default_section(&text);
    let value = |key: &'static str| values.get(key).map(|value| (*value).to_owned());
    let needed = |key| value(key).ok_or_else(|| FileError::Missing { path: path.to_owned(), key });
    Ok(AwsCredential {
        key_id: needed("aws_access_key_id")?,
        secret_key: needed("aws_secret_access_key")?,
        token: value("aws_session_token"),
    })
}

/// `NAME = VALUE` lines of the section `[default]`, in the form that AWS's tools write.
fn default_section(text: &str) -> BTreeMap<String, &str> {
    let mut inside = false;
    let mut values = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            inside = section.trim() == "default";
        } else if let Some((name, value)) = line.split_once('=').filter(|_| inside && !line.starts_with(['#', ';'])) {
            values.insert(name.trim().to_ascii_lowercase(), value.trim());
        }
    }
    values.retain(|_, value| !value.is_empty());
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_shows_in_a_debug_text() {
        let environment = Environment::of([(KEY_ID, "AKIAEXAMPLE"), (SECRET, "hunter2"), ("HOME", "/root")]);
        assert_eq!(format!("{environment:?}"), r#"{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}"#);
        assert!(!format!("{:?}", environment.key().unwrap()).contains("hunter2"));
    }

    #[test]
    fn half_a_key_is_refused() {
        let refused = Environment::of([(KEY_ID, "AKIAEXAMPLE")]).key().unwrap_err().to_string();
        assert_eq!(refused, "AWS_ACCESS_KEY_ID is set in the environment, but AWS_SECRET_ACCESS_KEY is not");
    }

    #[test]
    fn only_the_default_section_of_a_file_counts() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "[other]\naws_access_key_id=A\n[default]\n# aws_session_token=T\nAWS_access_key_id = B\naws_secret_access_key=s=1\n";
        std::fs::write(file.path(), text).unwrap();
        let key = read(file.path()).unwrap();
        assert_eq!((key.key_id.as_str(), key.secret_key.as_str(), key.token), ("B", "s=1", None));
    }

    #[test]
    fn a_file_without_a_key_says_which_line_it_misses_and_nothing_of_its_own() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[default]\naws_secret_access_key=hunter2\n").unwrap();
        let refused = read(file.path()).unwrap_err().to_string();
        assert!(refused.starts_with("no aws_access_key_id in the section [default] of "), "{refused}");
        std::fs::write(file.path(), " ".repeat(FILE_MAX_BYTES as usize + 1)).unwrap();
        assert!(matches!(read(file.path()), Err(FileError::TooLarge { .. })));
    }
}
