//! The agent's side of the socket.

use std::io;
use std::time::Duration;

use dray_listen::{Source, Terms};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};

use super::protocol::{Answer, REQUEST_BYTES_MAX, Request};
use crate::platform::Listener;

/// A few callers at a time.
const TERMS: Terms = Terms { places: 8, grace: Duration::ZERO };
/// Time for a request, its answer and each part of it.
const TIME_MAX: Duration = Duration::from_secs(10);

/// A request and where its answer goes.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) request: Request,
    pub(crate) reply: oneshot::Sender<Answer>,
}

impl Source for Listener {
    type Connection = UnixStream;

    async fn accept(&self) -> io::Result<UnixStream> {
        Self::accept(self).await
    }
}

/// Takes callers forever and hands their requests to the engine.
pub(crate) async fn listen(listener: Listener, engine: mpsc::Sender<Ask>) {
    dray_listen::attend(listener, TERMS, std::future::pending(), |caller| {
        let engine = engine.clone();
        async move {
            // Who does not ask or listen in time, or hangs up, gets no answer.
            let _ = tokio::time::timeout(TIME_MAX, attend(caller, engine)).await;
        }
    })
    .await;
}

async fn attend(mut caller: UnixStream, engine: mpsc::Sender<Ask>) -> io::Result<()> {
    let (reading, mut writing) = caller.split();
    let mut line = String::new();
    BufReader::new(reading.take(REQUEST_BYTES_MAX)).read_line(&mut line).await?;
    let answer = match serde_json::from_str(&line) {
        Ok(request) => hand_over(request, engine).await,
        Err(error) => Answer::Refused(format!("cannot read the request: {error}")),
    };
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    writing.write_all(&line).await?;
    writing.shutdown().await
}

async fn hand_over(request: Request, engine: mpsc::Sender<Ask>) -> Answer {
    let busy = || Answer::Refused("the agent is busy; see its log".to_owned());
    let (reply, answer) = oneshot::channel();
    if engine.try_send(Ask { request, reply }).is_err() {
        return busy();
    }
    match tokio::time::timeout(TIME_MAX / 2, answer).await {
        Ok(Ok(answer)) => answer,
        _ => busy(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::SOCKET;
    use crate::platform::connect;

    async fn say(bytes: &[u8]) -> String {
        let temp = tempfile::tempdir().unwrap();
        let (sender, mut asked) = mpsc::channel::<Ask>(1);
        let listening = tokio::spawn(listen(Listener::bind(temp.path(), SOCKET).unwrap(), sender));
        let engine = tokio::spawn(async move {
            while let Some(ask) = asked.recv().await {
                ask.reply.send(Answer::Done(serde_json::to_value(ask.request).unwrap())).unwrap();
            }
        });
        let mut stream = connect(temp.path(), SOCKET).await.unwrap().unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        listening.abort();
        engine.abort();
        text
    }

    #[tokio::test]
    async fn a_request_is_answered_in_one_line() {
        assert_eq!(say(b"{\"ask\":\"status\"}\n").await, "{\"done\":{\"ask\":\"status\"}}\n");
    }

    #[tokio::test]
    async fn what_is_no_request_is_refused() {
        for bad in [&b"{}\n"[..], b"\xff\n", b"{\"ask\":\"reboot\"}\n"] {
            let answer = say(bad).await;
            assert!(answer.is_empty() || answer.starts_with("{\"refused\""), "{answer}");
        }
    }
}
