//! Reads objects for devices, points and administrators: whole or a range, as a stream, so that memory doesn't grow with the object.

use std::fs::File;
use std::io::Read as _;

use bytes::Bytes;
use dray_content::ObjectName;
use dray_model::ObjectKind;
use dray_model::range::{RangeRequest, Satisfied};
use futures_util::TryStreamExt as _;
use futures_util::stream::{BoxStream, StreamExt as _, poll_fn};
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStoreExt as _};
use tokio::sync::mpsc;

use super::{ContentError, failed, location};
use crate::actor::{Actor, Permission};
use crate::error::SiteError;
use crate::site::Site;

/// Bytes that are read from a file at a time.
const READ_BYTES: usize = 256 << 10;
/// Reads that may wait for a slow receiver.
const READS_AHEAD: usize = 2;

/// The bytes of an object, in pieces.
pub type Body = BoxStream<'static, Result<Bytes, std::io::Error>>;
/// From the first byte to the one after the last.
pub type Range = std::ops::Range<u64>;

/// An object that is being read.
pub struct Opened {
    /// Bytes of the whole object.
    pub size_bytes: u64,
    /// Which of them come.
    pub range: Range,
    /// Them.
    pub body: Body,
}

/// The size of an object in bytes.
///
/// # Errors
/// [`ContentError::NotFound`].
pub async fn find(site: &Site, actor: &Actor, name: &ObjectName) -> Result<u64, ContentError> {
    authorise(actor)?;
    match site.content().head(&location(name)).await {
        Ok(meta) => Ok(meta.size),
        Err(object_store::Error::NotFound { .. }) => Err(ContentError::NotFound(*name)),
        Err(error) => Err(failed("find an object")(error).into()),
    }
}

/// Begins to read an object.
///
/// # Errors
/// [`ContentError::NotFound`], [`ContentError::OutOfRange`].
pub async fn open(
    site: &Site,
    actor: &Actor,
    name: &ObjectName,
    wanted: Option<RangeRequest>,
) -> Result<Opened, ContentError> {
    authorise(actor)?;
    let range = wanted.map(|wanted| match wanted {
        RangeRequest::From { first, last: None } => GetRange::Offset(first),
        RangeRequest::From { first, last: Some(last) } => GetRange::Bounded(first..last.saturating_add(1)),
        RangeRequest::Last(count) => GetRange::Suffix(count),
    });
    let options = GetOptions { range, ..GetOptions::default() };
    let got = match site.content().get_opts(&location(name), options).await {
        Ok(got) => got,
        Err(object_store::Error::NotFound { .. }) => return Err(ContentError::NotFound(*name)),
        Err(error) => {
            return Err(match wanted {
                Some(wanted) => range_error(site, actor, name, wanted, error).await,
                None => failed("read an object")(error).into(),
            });
        }
    };
    let (size_bytes, range) = (got.meta.size, got.range.clone());
    // Some stores give no bytes at all for a range that holds none.
    if wanted.is_some_and(|wanted| wanted.of(size_bytes) == Satisfied::Nothing) {
        return Err(ContentError::OutOfRange { name: *name, size_bytes });
    }
    let body = match got.payload {
        GetResultPayload::File(file, _) => read_file(file, range.clone()),
        GetResultPayload::Stream(stream) => stream.map(|piece| piece.map_err(std::io::Error::other)).boxed(),
    };
    Ok(Opened { size_bytes, range, body: counted(body) })
}

/// Stores don't say alike that a range lies outside of the object, so its size is asked for.
async fn range_error(
    site: &Site,
    actor: &Actor,
    name: &ObjectName,
    wanted: RangeRequest,
    error: object_store::Error,
) -> ContentError {
    match find(site, actor, name).await {
        Ok(size_bytes) if wanted.of(size_bytes) == Satisfied::Nothing => {
            ContentError::OutOfRange { name: *name, size_bytes }
        }
        Ok(_) => failed("read a range of an object")(error).into(),
        Err(error) => error,
    }
}

fn counted(body: Body) -> Body {
    let served = metrics::counter!("dray_content_served_bytes_total");
    body.inspect_ok(move |piece| served.increment(piece.len() as u64)).boxed()
}

fn authorise(actor: &Actor) -> Result<(), SiteError> {
    // Who makes packages has the files anyway.
    if actor.may(Permission::ActAsPoint) || actor.may(Permission::Manage(ObjectKind::Package)) {
        return Ok(());
    }
    actor.authorise(Permission::ActAsDevice)
}

/// Reads on a thread for blocking work, in pieces that are worth the way to it and back.
fn read_file(mut file: File, range: Range) -> Body {
    let (pieces, mut received) = mpsc::channel(READS_AHEAD);
    tokio::task::spawn_blocking(move || {
        let moved = std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(range.start));
        let mut left = range.end - range.start;
        let mut failure = moved.err();
        while left > 0 && failure.is_none() {
            let mut piece = vec![0; READ_BYTES.min(usize::try_from(left).unwrap_or(READ_BYTES))];
            left -= piece.len() as u64;
            match file.read_exact(&mut piece) {
                Ok(()) if pieces.blocking_send(Ok(Bytes::from(piece))).is_ok() => {}
                // Nobody reads on.
                Ok(()) => return,
                Err(error) => failure = Some(error),
            }
        }
        if let Some(error) = failure {
            // Nobody to tell: the receiver went before.
            let _ = pieces.blocking_send(Err(error));
        }
    });
    poll_fn(move |context| received.poll_recv(context)).boxed()
}
