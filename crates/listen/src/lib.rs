//! Takes connections for anyone who serves them: the site, a distribution point, the agent's local socket.
//!
//! It owns the loop: how many connections there are at a time, what happens when the system gives none, and how it ends. It knows
//! neither TLS nor HTTP, and reads no byte of a connection.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Pause after a connection that could not be taken, mostly for want of file descriptors: some come back when others end.
const PAUSE: Duration = Duration::from_millis(100);

/// Where connections come from.
pub trait Source {
    /// What is taken.
    type Connection;

    /// Takes the next one. Dropping the future loses none.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Connection>> + Send;
}

impl Source for TcpListener {
    type Connection = TcpStream;

    async fn accept(&self) -> io::Result<TcpStream> {
        Ok(Self::accept(self).await?.0)
    }
}

/// How connections are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Connections at a time, at least one; others wait in the kernel's queue.
    pub places: usize,
    /// How long open connections may go on after the end; those that are left are cut off.
    pub grace: Duration,
}

/// Takes connections and attends each in a task of its own until `stop` ends. Then `source` is closed, and connections have the time that
/// `terms` gives them; anyone who attends them has to see by itself that it is to come to an end. Dropping the future cuts all of them off.
pub async fn attend<S: Source, F: Future<Output = ()> + Send + 'static>(
    source: S,
    terms: Terms,
    stop: impl Future<Output = ()>,
    mut each: impl FnMut(S::Connection) -> F,
) {
    let places = Arc::new(Semaphore::new(terms.places));
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.expect("nobody closes the semaphore");
            (place, source.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut stop => break,
            next = next => next,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok(connection) => {
                let attended = each(connection);
                connections.spawn(async move {
                    attended.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(source);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(terms.grace, all).await.is_err() {
        tracing::warn!("closed connections that took too long to finish");
    }
}

#[cfg(test)]
mod tests;
