//! What clients and points say to the site and hear from it. The bodies are JSON; see `docs/design/0001-foundation.md`.
//!
//! Either side may be the newer one: fields that a reader doesn't know are ignored, and those that came after the first version
//! have a default (`docs/design/0012-versions.md`).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::point::{PointAssignment, PointReport};
use crate::{DeviceId, Digest, EraId, Name};

/// `POST /client/v1/enrol`, without a client certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The enrolment token's text.
    pub token: String,
    /// Certificate signing request, PEM. The key stays with who asks.
    pub csr: String,
    /// What the caller wants to be. A token for another kind of member is refused and stays good.
    pub member: MemberKind,
    /// Host name; a device's name is made from it.
    pub host_name: String,
}

/// The kinds of members that enrol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MemberKind {
    /// A client computer.
    Device,
    /// A distribution point.
    Point,
}

/// The answer to an enrolment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// Who the caller is now.
    pub identity: EnrolledIdentity,
    /// The site's name.
    pub site: Name,
    /// The certificate for the request's key, PEM.
    pub certificate: String,
    /// The site's certificate authority, PEM.
    pub authority: String,
    /// The keys whose signatures on documents count, by role, as `dray-trust` encodes them.
    pub trusted_keys: serde_json::Value,
}

/// Who enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum EnrolledIdentity {
    /// A client computer.
    Device {
        /// Its id.
        id: DeviceId,
        /// Its name.
        name: Name,
    },
    /// A distribution point.
    Point {
        /// Its name.
        name: Name,
    },
}

/// `POST /client/v1/renew`: a new certificate for the same identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewRequest {
    /// Certificate signing request, PEM.
    pub csr: String,
}

/// The answer to a renewal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewed {
    /// The certificate, PEM.
    pub certificate: String,
}

/// `POST /client/v1/locations`: where to get contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocationsRequest {
    /// Content digests; at most 100.
    pub contents: Vec<Digest>,
}

/// The answer to a request for locations; contents that the site does not know are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locations {
    /// By content.
    pub contents: Vec<ContentLocations>,
}

/// Where to get one content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentLocations {
    /// Digest of the content's tree.
    pub content: Digest,
    /// Digest of the manifest object. Not signed: the tree in it must have the signed content digest.
    pub manifest: Digest,
    /// Bytes of the manifest object.
    pub manifest_bytes: u64,
    /// Who holds it, best first. The site itself is the last.
    pub sources: Vec<ContentSource>,
    /// Updates to it, by the bytes that travel, fewest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub updates: Vec<ContentUpdate>,
}

/// How holders of one tree get a content in few bytes. Not signed: what it builds must have the signed content digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentUpdate {
    /// Digest of the tree that must be held. Everybody holds the empty tree.
    pub from: Digest,
    /// Digest of the update object.
    pub object: Digest,
    /// Bytes of the update object.
    pub bytes: u64,
    /// Bytes that travel in all: the update object and what it asks for of packs.
    pub fetch_bytes: u64,
}

/// A holder of content objects: `<url>/manifests/<digest>`, `<url>/packs/<digest>` and `<url>/updates/<digest>`. Any may lack an
/// update, or a pack of one, and still hold the content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentSource {
    /// The distribution point's name, or `site`.
    pub name: Name,
    /// Base of the objects' addresses, without a slash at its end.
    pub url: String,
}

/// `POST /client/v1/status`: a batch of messages, in any order; at most 500.
///
/// A message stays raw until it is looked at, so that one that can't be read doesn't take the others with it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatusBatch {
    /// The messages, each a [`StatusMessage`](crate::status::StatusMessage).
    pub messages: Vec<Box<RawValue>>,
}

/// The answer to a batch, message by message: those that aren't refused are kept now, or were kept before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusAnswer {
    /// How many were accepted, those that were kept before too.
    pub accepted: u64,
    /// How many of these were new.
    pub new: u64,
    /// The refused ones, in the order of the batch. The same message will be refused again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedMessage>,
}

/// A message that the site doesn't keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedMessage {
    /// Its place in the batch, from 0.
    pub place: usize,
    /// Its number, where that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// A stable word for programs.
    pub code: String,
    /// What is wrong with it, in one sentence.
    pub why: String,
}

/// `GET /client/v1/point/assignments`: what the calling point is to hold. Held open like the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointAssignments {
    /// What it is to hold; the rest may go.
    pub contents: Vec<PointAssignment>,
    /// The number of the newest change that it takes account of. A lower one than before, without a return in between, comes from a site
    /// that was put back to an older copy of itself and doesn't know it: it doesn't count.
    #[serde(default)]
    pub number: u64,
    /// The era with which the site returned last, as in a policy. Once that is another one, the site may have forgotten contents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<EraId>,
}

/// `POST /client/v1/point/reports`: where the calling point is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointReports {
    /// By content; at most 1000.
    pub reports: Vec<PointReport>,
}
