//! Fetches one document of the policy and verifies it before anything in it is read.

use std::sync::Arc;

use dray_agent_core::{Document, DocumentKind, Event};
use dray_client::ErrorClass;
use dray_model::Digest;
use dray_model::cause::in_full;
use dray_trust::{EnvelopeError, Role, open_document};

use super::Link;

/// The document with this digest, or why it cannot be downloaded, as the event for the engine.
pub(crate) async fn fetch_document(link: Arc<Link>, digest: Digest, kind: DocumentKind) -> Event {
    let envelope = match link.site().document(&digest).await {
        Ok(envelope) => envelope,
        Err(error) => {
            let refused = error.class() == ErrorClass::Damaged;
            return Event::DocumentFailed { digest, error: error.in_full(), refused };
        }
    };
    match open(&envelope, digest, kind, &link) {
        Ok(document) => Event::DocumentReceived { digest, document: Box::new(document) },
        Err(error) => Event::DocumentFailed { digest, error: in_full(&error), refused: true },
    }
}

fn open(envelope: &[u8], digest: Digest, kind: DocumentKind, link: &Link) -> Result<Document, EnvelopeError> {
    let keys = link.trusted_keys();
    match kind {
        DocumentKind::Advertisement => {
            open_document(envelope, Some(digest), keys, Role::Advertisement).map(Document::Advertisement)
        }
        DocumentKind::Release => open_document(envelope, Some(digest), keys, Role::Release).map(Document::Release),
    }
}
