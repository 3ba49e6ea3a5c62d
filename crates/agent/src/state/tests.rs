//! What the memory keeps and what it refuses.

use super::*;
use dray_model::Timestamp;
use dray_model::status::StatusEvent;

fn path() -> (tempfile::TempDir, PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("agent.redb");
    (temp, path)
}

fn message(number: u64) -> StatusMessage {
    let event = StatusEvent::Verified {
        advertisement: "a".parse().unwrap(),
        package: "p".parse().unwrap(),
        program: "i".parse().unwrap(),
        present: true,
    };
    StatusMessage { number, at: Timestamp::from_secs(9), event }
}

fn waiting(store: &Store, max: usize, bytes_max: usize) -> Vec<StatusMessage> {
    let waiting = store.outbox(max, bytes_max).unwrap();
    waiting.iter().map(|one| serde_json::from_str(one.body.get()).unwrap()).collect()
}

#[test]
fn state_and_messages_are_there_after_a_restart_and_leave_when_delivered() {
    let (_temp, path) = path();
    let mut store = Store::recreate(&path).unwrap();
    let state = store.state().unwrap();
    store.commit(&state, &[message(2), message(1)], None).unwrap();
    store.commit(&state, &[message(3)], None).unwrap();
    drop(store);
    let store = Store::open(&path).unwrap();
    assert_eq!(store.state().unwrap(), state);
    let one = serde_json::to_vec(&message(1)).unwrap().len();
    assert_eq!(waiting(&store, 2, one), [message(1)], "what does not fit waits");
    assert_eq!(waiting(&store, 2, 0), [message(1)], "one goes in any case");
    assert_eq!(waiting(&store, 2, usize::MAX), [message(1), message(2)]);
    assert_eq!(store.outbox_len().unwrap(), 3);
    store.answered(&[1, 2, 9].into(), &[]).unwrap();
    assert_eq!(waiting(&store, 10, usize::MAX), [message(3)]);
    assert_eq!(store.refused().unwrap(), Refusals::default());
}

#[test]
fn refused_messages_leave_and_are_counted() {
    let (_temp, path) = path();
    let mut store = Store::recreate(&path).unwrap();
    store.commit(&State::new(), &[message(1), message(2), message(3)], None).unwrap();
    let refused = |number| Refused { number, at: Timestamp::from_secs(1), code: "odd".into(), why: "it is odd".into() };
    store.answered(&[1, 2].into(), &[refused(1), refused(2)]).unwrap();
    store.answered(&[3].into(), &[refused(3)]).unwrap();
    store.reopen().unwrap();
    assert_eq!(store.outbox_len().unwrap(), 0);
    assert_eq!(store.refused().unwrap(), Refusals { count: 3, last: Some(refused(3)) });
}

#[test]
fn a_message_goes_to_the_site_as_it_was_kept_and_a_damaged_one_does_not_stop_the_others() {
    let (_temp, path) = path();
    let mut store = Store::recreate(&path).unwrap();
    store.commit(&State::new(), &[message(3)], None).unwrap();
    let newer =
        r#"{"number":1,"at":"2027-01-01T00:00:00Z","mood":"calm","event":{"event":"postponed","sentence":"later"}}"#;
    store
        .write("write to", |tables| {
            tables.outbox.insert(1, newer.as_bytes())?;
            tables.outbox.insert(2, &b"{\"number\":2,"[..])?;
            Ok(())
        })
        .unwrap();
    let bodies: Vec<_> = store.outbox(9, usize::MAX).unwrap().into_iter().map(|waiting| waiting.body).collect();
    assert_eq!((bodies.len(), bodies[0].get(), bodies[1].get()), (3, newer, "null"));
}

#[test]
fn a_message_that_is_committed_twice_is_sent_once() {
    let (_temp, path) = path();
    let mut store = Store::recreate(&path).unwrap();
    store.commit(&State::new(), &[message(1)], None).unwrap();
    store.commit(&State::new(), &[message(1)], None).unwrap();
    assert_eq!(store.outbox_len().unwrap(), 1);
}

#[test]
fn facts_that_were_told_are_remembered() {
    let (_temp, path) = path();
    let mut store = Store::recreate(&path).unwrap();
    assert_eq!(store.facts_told().unwrap(), None);
    let told = FactsTold { digest: Digest::of(b"facts"), at: Timestamp::from_secs(7) };
    store.set_facts_told(&told).unwrap();
    store.reopen().unwrap();
    assert_eq!(store.facts_told().unwrap(), Some(told));
}

#[test]
fn a_missing_memory_is_not_begun_anew() {
    let (_temp, path) = path();
    assert!(matches!(Store::open(&path), Err(StoreError::Missing(_))));
    assert!(!path.exists());
}

#[test]
fn a_damaged_memory_is_refused_and_left_as_it_is() {
    let (_temp, path) = path();
    drop(Store::recreate(&path).unwrap());
    let whole = std::fs::read(&path).unwrap();
    let mut overwritten = whole.clone();
    overwritten[..4096].fill(0x5a);
    for bad in [overwritten, whole[..whole.len() / 2].to_vec(), b"not a database".to_vec()] {
        std::fs::write(&path, &bad).unwrap();
        let error = Store::open(&path).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. } | StoreError::Database { .. }), "{error:?}");
    }
}

#[test]
fn a_memory_of_a_later_version_is_refused() {
    let (_temp, path) = path();
    let store = Store::recreate(&path).unwrap();
    store
        .write("write to", |tables| {
            tables.notes.insert(NOTE_FORMAT, &2_u32.to_le_bytes()[..])?;
            Ok(())
        })
        .unwrap();
    drop(store);
    assert!(matches!(Store::open(&path), Err(StoreError::Newer { found: 2, known: 1, .. })));
}

#[test]
fn a_memory_that_cannot_be_opened_again_takes_nothing() {
    let (_temp, path) = path();
    let mut store = Store::recreate(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(store.reopen().is_err());
    assert!(matches!(store.commit(&State::new(), &[message(1)], None), Err(StoreError::Database { .. })));
    assert!(store.outbox(1, usize::MAX).is_err());
}
