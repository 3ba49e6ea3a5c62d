//! Laws of the loop: how many connections at a time, and how it ends.

use std::sync::Mutex;

use tokio::sync::{mpsc, oneshot};

use super::*;

/// Gives what a test sends, errors too.
struct Script(tokio::sync::Mutex<mpsc::UnboundedReceiver<io::Result<u32>>>);

impl Source for Script {
    type Connection = u32;

    async fn accept(&self) -> io::Result<u32> {
        match self.0.lock().await.recv().await {
            Some(next) => next,
            None => std::future::pending().await,
        }
    }
}

fn script() -> (mpsc::UnboundedSender<io::Result<u32>>, Script) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (sender, Script(tokio::sync::Mutex::new(receiver)))
}

const TERMS: Terms = Terms { places: 1, grace: Duration::from_secs(60) };

#[tokio::test]
async fn a_connection_waits_for_a_place_and_one_that_fails_stops_nobody() {
    let (sender, source) = script();
    let (begun, mut begins) = mpsc::unbounded_channel();
    let release = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&release);
    let task = tokio::spawn(attend(source, TERMS, std::future::pending(), move |number| {
        let (begun, held) = (begun.clone(), Arc::clone(&held));
        async move {
            begun.send(number).unwrap();
            held.acquire().await.unwrap().forget();
        }
    }));
    for next in [Err(io::Error::other("no descriptors")), Ok(1), Ok(2)] {
        sender.send(next).unwrap();
    }
    assert_eq!(begins.recv().await, Some(1));
    tokio::task::yield_now().await;
    assert!(begins.try_recv().is_err(), "there is one place");
    release.add_permits(1);
    assert_eq!(begins.recv().await, Some(2));
    task.abort();
}

#[tokio::test]
async fn what_is_open_at_the_end_may_finish() {
    let (sender, source) = script();
    let (stop, stopped) = oneshot::channel::<()>();
    let (begun, mut begins) = mpsc::unbounded_channel();
    let (release, released) = oneshot::channel::<()>();
    let (finished, released) = (Arc::new(Mutex::new(Vec::new())), Mutex::new(Some(released)));
    let noted = Arc::clone(&finished);
    let until = async move { stopped.await.unwrap() };
    let task = tokio::spawn(attend(source, TERMS, until, move |number| {
        let (begun, noted, released) = (begun.clone(), Arc::clone(&noted), released.lock().unwrap().take());
        async move {
            begun.send(number).unwrap();
            released.unwrap().await.unwrap();
            noted.lock().unwrap().push(number);
        }
    }));
    sender.send(Ok(7)).unwrap();
    assert_eq!(begins.recv().await, Some(7));
    stop.send(()).unwrap();
    sender.closed().await;
    release.send(()).unwrap();
    task.await.unwrap();
    assert_eq!(*finished.lock().unwrap(), [7]);
}

#[tokio::test]
async fn what_takes_too_long_is_cut_off() {
    let (sender, source) = script();
    let terms = Terms { grace: Duration::ZERO, ..TERMS };
    let (begun, mut begins) = mpsc::unbounded_channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let until = async move { stopped.await.unwrap() };
    let task = tokio::spawn(attend(source, terms, until, move |number| {
        let begun = begun.clone();
        async move {
            begun.send(number).unwrap();
            std::future::pending::<()>().await;
        }
    }));
    sender.send(Ok(1)).unwrap();
    assert_eq!(begins.recv().await, Some(1));
    stop.send(()).unwrap();
    task.await.unwrap();
    assert_eq!(begins.recv().await, None, "its task is gone");
}
