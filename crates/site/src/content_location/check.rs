//! Tries out a bucket before a site is made on it: everything that the site will do there is done once.
//!
//! A bucket that holds anything under the prefix is refused: two sites on one prefix would remove each other's objects. A site
//! leaves its name there ([`claim`]) when it is made.

use std::fmt;
use std::sync::Arc;

use dray_model::cause::in_full;
use futures_util::StreamExt as _;
use object_store::path::Path as ObjectPath;
use object_store::{Error, ObjectStore, ObjectStoreExt as _};

use super::bucket::BucketLocation;
use super::connection::Patience;
use super::credentials::Environment;
use super::{ContentLocation, OpenContentError};
use crate::random;

/// The object that says whose a place is.
const CLAIM: &str = "site";
/// The folder of what is written and removed again.
const TRIAL: &str = "trial";
/// Bytes of the object that is written and removed again.
const TRIAL_BYTES: u16 = 1024;
/// Which of them are read back.
const TRIAL_RANGE: std::ops::Range<u16> = 100..300;

/// What is tried, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Whether nobody else uses the place.
    List,
    /// Storing an object.
    Write,
    /// Storing an object in parts, as large ones are.
    WriteInParts,
    /// Reading a range.
    ReadRange,
    /// Removing an object.
    Delete,
    /// Being told that an object doesn't exist.
    Miss,
    /// Leaving the site's name.
    Claim,
}

/// Why a place can't hold a site's content.
#[derive(Debug, thiserror::Error)]
pub enum ContentCheckError {
    /// It can't even be tried.
    #[error("cannot use the content store {location}")]
    Open {
        /// Where.
        location: String,
        /// Why not.
        #[source]
        source: Box<OpenContentError>,
    },
    /// Something is already there.
    #[error("{location} is already in use and holds {object}; give the site an empty prefix of its own")]
    InUse {
        /// Where.
        location: String,
        /// What was found.
        object: String,
    },
    /// A request failed.
    #[error("cannot {step} in {location}: {advice}")]
    Failed {
        /// What was tried.
        step: Step,
        /// Where.
        location: String,
        /// What to do about it.
        advice: String,
        /// What the server or the connection said.
        #[source]
        source: Box<Error>,
    },
    /// A request did something else than was asked for.
    #[error("cannot {step} in {location}: the server's answer is not from S3; is the endpoint an S3 server?")]
    Odd {
        /// What was tried.
        step: Step,
        /// Where.
        location: String,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::List => "list objects",
            Self::Write => "write an object",
            Self::WriteInParts => "write an object in parts",
            Self::ReadRange => "read a range of an object",
            Self::Delete => "delete an object",
            Self::Miss => "look up an object that does not exist",
            Self::Claim => "write the site's name",
        })
    }
}

impl Step {
    /// What the credentials must be allowed.
    const fn permission(self) -> &'static str {
        match self {
            Self::List | Self::Miss => "s3:ListBucket",
            Self::Write | Self::Claim => "s3:PutObject",
            Self::WriteInParts => "s3:PutObject and s3:AbortMultipartUpload",
            Self::ReadRange => "s3:GetObject",
            Self::Delete => "s3:DeleteObject",
        }
    }
}

/// Tries out a bucket; a folder needs no trial. Nothing stays behind unless deleting fails.
///
/// # Errors
/// [`ContentCheckError`], with what to do about it.
pub(crate) async fn check(location: &ContentLocation, environment: &Environment) -> Result<(), ContentCheckError> {
    let ContentLocation::Bucket(bucket) = location else { return Ok(()) };
    Trial::begin(bucket, environment)?.run().await
}

/// Leaves the site's name in a bucket, the last step of making a site.
///
/// # Errors
/// [`ContentCheckError::Failed`].
pub(crate) async fn claim(
    location: &ContentLocation,
    environment: &Environment,
    site: &str,
) -> Result<(), ContentCheckError> {
    let ContentLocation::Bucket(bucket) = location else { return Ok(()) };
    let trial = Trial::begin(bucket, environment)?;
    let claimed = trial.store.put(&ObjectPath::from(CLAIM), site.to_owned().into()).await;
    claimed.map(drop).map_err(|source| trial.failed(Step::Claim, source))
}

struct Trial<'a> {
    bucket: &'a BucketLocation,
    environment: &'a Environment,
    store: Arc<dyn ObjectStore>,
    object: ObjectPath,
}

impl<'a> Trial<'a> {
    fn begin(bucket: &'a BucketLocation, environment: &'a Environment) -> Result<Self, ContentCheckError> {
        let store = bucket
            .open(environment, &Patience::CHECKING)
            .map_err(|source| ContentCheckError::Open { location: place(bucket), source: Box::new(source) })?;
        let object = ObjectPath::from(format!("{TRIAL}/{:016x}", random::bits()));
        Ok(Self { bucket, environment, store, object })
    }

    async fn run(&self) -> Result<(), ContentCheckError> {
        self.list().await?;
        self.write().await?;
        let tried = self.try_object().await;
        let deleted = self.delete().await;
        tried.and(deleted)
    }

    async fn list(&self) -> Result<(), ContentCheckError> {
        let mut objects = self.store.list(None);
        while let Some(found) = objects.next().await {
            let found = found.map_err(|error| self.failed(Step::List, error))?.location;
            // What an earlier trial was not allowed to delete is in nobody's way.
            if !found.prefix_matches(&ObjectPath::from(TRIAL)) {
                return Err(ContentCheckError::InUse { location: place(self.bucket), object: found.to_string() });
            }
        }
        Ok(())
    }

    async fn write(&self) -> Result<(), ContentCheckError> {
        let written = self.store.put(&self.object, trial_bytes().into()).await;
        written.map(drop).map_err(|error| self.failed(Step::Write, error))
    }

    async fn try_object(&self) -> Result<(), ContentCheckError> {
        let in_parts = ObjectPath::from(format!("{}-parts", self.object));
        let failed = |error| self.failed(Step::WriteInParts, error);
        let mut upload = self.store.put_multipart(&in_parts).await.map_err(failed)?;
        upload.abort().await.map_err(failed)?;
        let read = self.store.get_range(&self.object, TRIAL_RANGE.start.into()..TRIAL_RANGE.end.into()).await;
        let read = read.map_err(|error| self.failed(Step::ReadRange, error))?;
        if trial_bytes().get(TRIAL_RANGE.start.into()..TRIAL_RANGE.end.into()) == Some(read.as_ref()) {
            Ok(())
        } else {
            Err(self.odd(Step::ReadRange))
        }
    }

    async fn delete(&self) -> Result<(), ContentCheckError> {
        self.store.delete(&self.object).await.map_err(|error| self.failed(Step::Delete, error))?;
        match self.store.head(&self.object).await {
            Err(Error::NotFound { .. }) => Ok(()),
            Ok(_) => Err(self.odd(Step::Delete)),
            Err(error) => Err(self.failed(Step::Miss, error)),
        }
    }

    fn odd(&self, step: Step) -> ContentCheckError {
        ContentCheckError::Odd { step, location: place(self.bucket) }
    }

    fn failed(&self, step: Step, source: Error) -> ContentCheckError {
        let advice = self.advice(step, &in_full(&source));
        ContentCheckError::Failed { step, location: place(self.bucket), advice, source: Box::new(source) }
    }

    /// What to do about a failure, by what was said about it: the library tells the class of few.
    fn advice(&self, step: Step, said: &str) -> String {
        let any = |words: &[&str]| words.iter().any(|word| said.contains(word));
        let identity = self.environment.source_for(self.bucket);
        if any(&["NoSuchBucket"]) {
            format!("there is no bucket {:?}; create it first, or use another", self.bucket.bucket)
        } else if any(&["InvalidAccessKeyId", "SignatureDoesNotMatch", "NotSignedUp", "ExpiredToken", "InvalidToken"]) {
            format!("the server rejected the credentials, which come from {identity}")
        } else if any(&["AuthorizationHeaderMalformed", "PermanentRedirect", "LOCATION", "region"]) {
            "the bucket is in another region; give it with region=NAME".to_owned()
        } else if any(&["RequestTimeTooSkewed"]) {
            "this computer's clock is wrong; set it".to_owned()
        } else if any(&["169.254.169.254", "credentials", "api/token"]) {
            format!("cannot get credentials from {identity}")
        } else if any(&["certificate", "UnknownIssuer"]) {
            "the server's certificate is not trusted; give the certificate of its authority with ca=FILE".to_owned()
        } else if any(&["AccessDenied", "403 Forbidden", "401 Unauthorized"]) {
            format!("permission denied; grant {} to the credentials, which come from {identity}", step.permission())
        } else if any(&["error sending request", "onnect", "timed out"]) {
            format!("no answer from {}; check the address, and that the server is running", self.server())
        } else {
            "see the server's answer".to_owned()
        }
    }

    fn server(&self) -> String {
        self.bucket.endpoint.as_ref().map_or_else(|| "AWS".to_owned(), ToString::to_string)
    }
}

/// The place alone, as `s3://BUCKET/PREFIX`.
fn place(bucket: &BucketLocation) -> String {
    format!("s3://{}/{}", bucket.bucket, bucket.prefix)
}

/// Bytes of which no two ranges of a length are alike.
fn trial_bytes() -> Vec<u8> {
    (0..TRIAL_BYTES / 2).flat_map(u16::to_be_bytes).collect()
}
