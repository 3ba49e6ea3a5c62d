//! Where the site keeps content: a local folder or an S3-compatible bucket, behind one handle.
//!
//! Credentials of a bucket come from the environment (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, …), never from the site's file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The place of a site's content. Text form: `file:PATH` or `s3://BUCKET/PREFIX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentLocation {
    /// A folder; a relative path counts from the site's folder.
    Folder(PathBuf),
    /// A bucket.
    Bucket {
        /// Its name.
        bucket: String,
        /// Where in it; may be empty.
        prefix: String,
    },
}

/// A text that is no [`ContentLocation`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no place for content: use file:PATH or s3://BUCKET/PREFIX")]
pub struct InvalidContentLocation(String);

impl ContentLocation {
    /// Opens it, making the folder when it is missing. `base` is the site's folder.
    ///
    /// # Errors
    /// When the folder can't be made, or the environment doesn't describe the bucket.
    pub fn open(&self, base: &Path) -> Result<Arc<dyn ObjectStore>, object_store::Error> {
        match self {
            Self::Folder(path) => {
                let path = base.join(path);
                let failed =
                    |source: std::io::Error| object_store::Error::Generic { store: "folder", source: Box::new(source) };
                std::fs::create_dir_all(&path).map_err(failed)?;
                Ok(Arc::new(LocalFileSystem::new_with_prefix(path)?))
            }
            Self::Bucket { bucket, prefix } => {
                let bucket = AmazonS3Builder::from_env().with_bucket_name(bucket).build()?;
                Ok(Arc::new(PrefixStore::new(bucket, prefix.as_str())))
            }
        }
    }
}

impl FromStr for ContentLocation {
    type Err = InvalidContentLocation;

    fn from_str(text: &str) -> Result<Self, InvalidContentLocation> {
        let invalid = || InvalidContentLocation(text.to_owned());
        if let Some(path) = text.strip_prefix("file:").filter(|path| !path.is_empty()) {
            return Ok(Self::Folder(path.into()));
        }
        let (bucket, prefix) =
            text.strip_prefix("s3://").map(|rest| rest.split_once('/').unwrap_or((rest, ""))).ok_or_else(invalid)?;
        if bucket.is_empty() {
            return Err(invalid());
        }
        Ok(Self::Bucket { bucket: bucket.to_owned(), prefix: prefix.trim_end_matches('/').to_owned() })
    }
}

impl fmt::Display for ContentLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "file:{}", path.display()),
            Self::Bucket { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
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
        for text in ["file:content", "file:/srv/dray", "s3://bucket/", "s3://bucket/a/b"] {
            assert_eq!(text.parse::<ContentLocation>().unwrap().to_string(), text);
        }
        for bad in ["", "file:", "s3://", "content", "http://x/"] {
            assert!(bad.parse::<ContentLocation>().is_err(), "{bad}");
        }
    }
}
