//! Hands a signed document to a device. Documents hold no secrets between devices: anyone who is enrolled may have any whose digest it knows.

use dray_model::Digest;

use crate::actor::{Actor, Permission};
use crate::error::{Failure, SiteError, codes, from_store_error};
use crate::site::Site;

/// The bytes of a signed envelope.
pub type Document = Vec<u8>;

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// None has this digest, or what it was for is deleted.
    #[error("there is no document {0}")]
    NotFound(Digest),
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(DocumentError);

impl Failure for DocumentError {
    codes! {
        via Site(SiteError);
        Self::NotFound(_) => Absent "not_found",
    }
}

/// The envelope with this digest.
///
/// # Errors
/// [`DocumentError::NotFound`].
pub async fn find(site: &Site, actor: &Actor, digest: &Digest) -> Result<Document, DocumentError> {
    let mut snapshot = site.read(actor, Permission::ActAsDevice).await?;
    dray_store::document::find(&mut snapshot, digest).await?.ok_or(DocumentError::NotFound(*digest))
}
