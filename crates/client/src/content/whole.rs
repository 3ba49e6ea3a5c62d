//! Manifests and updates: whole objects, small enough for memory.

use bytes::{Bytes, BytesMut};
use dray_content::ObjectName;
use dray_model::Digest;

use super::{Fetch, FetchError};

/// Memory that is taken before the bytes are there; a size from the site is believed no further.
const FIRST_CAPACITY: u64 = 1 << 20;

impl Fetch {
    /// The manifest object with this digest, of `bytes` bytes. Its digest is checked; that it is for the content that was signed is
    /// checked by `dray_content::Manifest::decode`.
    ///
    /// # Errors
    /// [`FetchError::NoSource`] or [`FetchError::Size`].
    pub async fn manifest(&self, digest: Digest, bytes: u64) -> Result<Bytes, FetchError> {
        self.whole(ObjectName::Manifest(digest), bytes).await
    }

    /// The update object with this digest, of `bytes` bytes. Its digest is checked; that it is for the content that was signed is
    /// checked by `dray_content::Update::decode`. A source that lacks it may still have all else.
    ///
    /// # Errors
    /// [`FetchError::NoSource`] or [`FetchError::Size`].
    pub async fn update(&self, digest: Digest, bytes: u64) -> Result<Bytes, FetchError> {
        self.whole(ObjectName::Update(digest), bytes).await
    }

    async fn whole(&self, object: ObjectName, bytes: u64) -> Result<Bytes, FetchError> {
        let limit = self.fetcher.limits.manifest_bytes_max;
        if bytes == 0 || bytes > limit {
            return Err(FetchError::Size { object, bytes, limit });
        }
        let mut reader = self.read(object, 0, bytes);
        loop {
            let mut whole = BytesMut::with_capacity(usize::try_from(bytes.min(FIRST_CAPACITY)).unwrap_or(0));
            while let Some(piece) = reader.next().await? {
                whole.extend_from_slice(&piece.bytes);
            }
            if Digest::of(&whole) == object.digest() {
                return Ok(whole.freeze());
            }
            reader.discard(0, "they do not match their digest");
        }
    }
}
