//! The asking side: a running agent by its socket, else its memory, read while no agent works in the folder.

use std::io;
use std::time::Duration;

use dray_agent_core::{Agent, ResumeError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::answer::{Live, Profile, answer};
use super::protocol::{ANSWER_BYTES_MAX, Answer, Request};
use crate::clock;
use crate::folder::{Folder, FolderError, SOCKET};
use crate::identity::{Identity, IdentityError};
use crate::platform;
use crate::state::{Store, StoreError};

/// How long an agent is given to answer.
const TIME_MAX: Duration = Duration::from_secs(15);

/// How often and with which pauses an agent that is just starting is tried.
const TRIES: u32 = 30;
const PAUSE: Duration = Duration::from_millis(100);

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The running agent.
    Agent,
    /// The memory of an agent that does not run.
    Memory,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// There is an agent, but it can't be asked.
    #[error("cannot reach the agent in {folder}")]
    Socket {
        /// Its folder.
        folder: std::path::PathBuf,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// The agent's answer can't be read.
    #[error("cannot read the agent's answer")]
    Answer(#[source] serde_json::Error),
    /// The device is not enrolled.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The folder is taken by an agent that does not answer yet, or can't be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The memory can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The memory is of a later version.
    #[error(transparent)]
    Resume(#[from] ResumeError),
    /// Only a running agent can do this.
    #[error("the agent is not running; start it first")]
    NotRunning,
}

/// Asks the agent of a folder.
///
/// # Errors
/// [`AskError`].
pub async fn ask(folder: &Folder, request: &Request) -> Result<(Answer, Source), AskError> {
    // Who the device is comes first: it says clearly that there is nobody to ask.
    let identity = Identity::load(folder)?;
    for _ in 0..TRIES {
        if let Some(answer) = from_agent(folder, request).await? {
            return Ok((answer, Source::Agent));
        }
        match from_memory(folder, &identity, request) {
            // An agent that is about to listen.
            Err(AskError::Folder(FolderError::Occupied(_))) => tokio::time::sleep(PAUSE).await,
            answer => return Ok((answer?, Source::Memory)),
        }
    }
    Err(AskError::Folder(FolderError::Occupied(folder.path().to_owned())))
}

/// The running agent's answer; `None` when none listens.
async fn from_agent(folder: &Folder, request: &Request) -> Result<Option<Answer>, AskError> {
    let failed = |source| AskError::Socket { folder: folder.path().to_owned(), source };
    let Some(stream) = platform::connect(folder.path(), SOCKET).await.map_err(failed)? else { return Ok(None) };
    let bytes = match tokio::time::timeout(TIME_MAX, converse(stream, request)).await {
        Ok(bytes) => bytes.map_err(failed)?,
        Err(_) => return Err(failed(io::ErrorKind::TimedOut.into())),
    };
    Ok(Some(serde_json::from_slice(&bytes).map_err(AskError::Answer)?))
}

async fn converse(mut stream: UnixStream, request: &Request) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    Ok(answer)
}

fn from_memory(folder: &Folder, identity: &Identity, request: &Request) -> Result<Answer, AskError> {
    let _occupied = folder.occupy()?;
    if matches!(request, Request::Start { .. }) {
        return Err(AskError::NotRunning);
    }
    let store = Store::open(&folder.state())?;
    let who = dray_agent_core::Identity { device: identity.device, name: identity.name.clone() };
    let agent = Agent::resume(who, store.state()?)?;
    let live = Live { waiting_messages: store.outbox_len().ok(), refused_messages: store.refused().ok(), health: None };
    Ok(answer(&agent, &Profile::new(identity, folder)?, &live, clock::now(), request).0)
}
