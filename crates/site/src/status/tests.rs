//! Laws of received status messages.

use dray_model::api::client::StatusBatch;
use dray_model::api::page::PageRequest;
use dray_model::program::ExitClass;
use dray_model::state::{ClientState, Standing};
use dray_model::status::{OUTPUT_TAIL_MAX, StatusEvent, StatusMessage};
use dray_model::{DeviceId, RunId, Timestamp};

use super::*;
use crate::ObjectError;
use crate::actor::Actor;
use crate::advertisement::tests::{advertise, world};
use crate::job::{JobKind as _, Progress};
use crate::package::tests::{admin, name};
use crate::site::Site;
use crate::{advertisement, job};

pub(crate) fn state(number: u64, standing: Standing) -> StatusMessage {
    let event = StatusEvent::State {
        advertisement: name("now"),
        revision: 1,
        package: name("zip"),
        release: dray_model::package::ReleaseNumber { source_version: 1, revision: 1 },
        program: name("install"),
        standing,
    };
    StatusMessage { number, at: Timestamp::from_secs(1), event }
}

pub(crate) fn standing(state: ClientState) -> Standing {
    Standing { state, reason: None, since: Timestamp::from_secs(1), next: None }
}

fn executed(number: u64, output_tail: String) -> StatusMessage {
    let event = StatusEvent::Executed {
        run: RunId::from_random(number),
        advertisement: name("now"),
        package: name("zip"),
        release: dray_model::package::ReleaseNumber { source_version: 1, revision: 1 },
        program: name("install"),
        exit_code: Some(0),
        class: ExitClass::Success,
        started_at: Timestamp::from_secs(1),
        duration_ms: 5,
        output_tail,
    };
    StatusMessage { number, at: Timestamp::from_secs(1), event }
}

pub(crate) fn batch(messages: &[StatusMessage]) -> StatusBatch {
    StatusBatch { messages: messages.iter().map(|one| serde_json::value::to_raw_value(one).unwrap()).collect() }
}

pub(crate) async fn send(site: &Site, device: DeviceId, messages: &[StatusMessage]) -> Result<u64, StatusError> {
    receive(site, &Actor::Device(device), device, &batch(messages)).await.map(|answer| answer.new)
}

#[tokio::test]
async fn a_batch_counts_once_in_any_order_and_is_summarised_at_once() {
    let (test, pc) = world().await;
    advertise(&test.site, "now").await;
    let late = [state(3, standing(ClientState::Succeeded)), executed(2, "done".to_owned())];
    assert_eq!(send(&test.site, pc, &late).await.unwrap(), 2);
    assert_eq!(send(&test.site, pc, &late).await.unwrap(), 0);
    assert_eq!(send(&test.site, pc, &[state(1, standing(ClientState::Downloading))]).await.unwrap(), 1);
    let view = advertisement::find(&test.site, &admin(), &name("now")).await.unwrap();
    let counts: Vec<_> = view.summary.states.iter().map(|count| (count.state, count.devices)).collect();
    assert_eq!((view.summary.targeted, counts), (1, vec![(ClientState::Succeeded, 1)]));
    let request = PageRequest::default();
    let devices = advertisement::devices(&test.site, &admin(), &name("now"), None, &request).await.unwrap();
    assert_eq!((devices.items[0].device, devices.items[0].exit_code), (pc, Some(0)));
    let failed = Some(ClientState::Failed);
    let none = advertisement::devices(&test.site, &admin(), &name("now"), failed, &request).await.unwrap();
    assert_eq!(none.items, []);
}

#[tokio::test]
async fn a_batch_of_too_many_messages_or_of_a_stranger_is_refused_whole() {
    let (test, pc) = world().await;
    let good = state(1, standing(ClientState::Received));
    let many = vec![good.clone(); BATCH_MAX + 1];
    assert!(matches!(send(&test.site, pc, &many).await, Err(StatusError::TooMany(501))));
    let nobody = DeviceId::from_random(99);
    assert!(matches!(send(&test.site, nobody, &[good]).await, Err(StatusError::NotEnrolled(_))));
    let all = list(&test.site, &admin(), None, None, &PageRequest::default()).await.unwrap();
    assert_eq!(all.items, []);
}

#[tokio::test]
async fn a_refused_message_blocks_no_other() {
    let (test, pc) = world().await;
    let good = |number| state(number, standing(ClientState::Received));
    let mut sent = batch(&[
        good(1),
        good(0),
        executed(3, "x".repeat(OUTPUT_TAIL_MAX + 1)),
        StatusMessage { number: u64::MAX, ..good(4) },
        good(5),
    ]);
    let raw = |text: &str| serde_json::value::RawValue::from_string(text.to_owned()).unwrap();
    sent.messages.push(raw("null"));
    sent.messages.push(raw(r#"{"number": 7, "at": "yesterday"}"#));
    sent.messages.push(raw(&format!(
        r#"{{"number": 8, "at": "2027-01-01T00:00:00Z", "event": {{"event": "dump", "bytes": "{}"}}}}"#,
        "x".repeat(200_000)
    )));
    let answer = receive(&test.site, &Actor::Device(pc), pc, &sent).await.unwrap();
    assert_eq!((answer.accepted, answer.new), (2, 2));
    let refused: Vec<_> = answer.refused.iter().map(|one| (one.place, one.number, one.code.as_str())).collect();
    let expected = [
        (1, Some(0), "invalid_number"),
        (2, Some(3), "output_too_long"),
        (3, Some(u64::MAX), "invalid_number"),
        (5, None, "unreadable"),
        (6, Some(7), "unreadable"),
        (7, Some(8), "message_too_long"),
    ];
    assert_eq!(refused, expected);
    let kept = list(&test.site, &admin(), None, None, &PageRequest::default()).await.unwrap();
    let numbers: Vec<_> = kept.items.iter().map(|view| view.message.number).collect();
    assert_eq!(numbers, [5, 1]);
}

#[tokio::test]
async fn what_a_newer_device_reports_is_kept_counted_and_shown() {
    let (test, pc) = world().await;
    advertise(&test.site, "now").await;
    let mut sent = batch(&[state(1, standing(ClientState::Received))]);
    let newer = sent.messages[0].get().replace(r#""state":"received""#, r#""state":"on_hold","until":"noon""#);
    let newer = newer.replace(r#""number":1"#, r#""number":2"#);
    let event = r#"{"number":3,"at":"2027-01-01T00:00:00Z","event":
        {"event":"postponed","advertisement":"now","by":"maria","sentence":"Maria postponed it"}}"#;
    sent.messages.extend([newer, event.to_owned()].map(|text| serde_json::value::RawValue::from_string(text).unwrap()));
    let answer = receive(&test.site, &Actor::Device(pc), pc, &sent).await.unwrap();
    assert_eq!((answer.new, answer.refused), (3, Vec::new()));
    let view = advertisement::find(&test.site, &admin(), &name("now")).await.unwrap();
    let counts: Vec<_> = view.summary.states.iter().map(|count| (count.state.to_string(), count.devices)).collect();
    assert_eq!(counts, [("on_hold".to_owned(), 1)]);
    let about = list(&test.site, &admin(), None, Some(name("now")), &PageRequest::default()).await.unwrap();
    assert_eq!(about.items[0].message.event.to_string(), "Maria postponed it");
}

#[tokio::test]
async fn messages_are_found_by_the_devices_id_and_name() {
    let (test, pc) = world().await;
    send(&test.site, pc, &[state(1, standing(ClientState::Received))]).await.unwrap();
    let request = PageRequest::default();
    for text in ["pc", &pc.to_string()] {
        let found = list(&test.site, &admin(), Some(&name(text)), Some(name("now")), &request).await.unwrap();
        assert_eq!(found.items.len(), 1, "{text}");
    }
    let unknown = list(&test.site, &admin(), Some(&name("nobody")), None, &request).await;
    assert!(matches!(unknown, Err(StatusError::Device(DeviceError::Object(ObjectError::NotFound(_))))));
}

#[tokio::test]
async fn states_of_a_withdrawn_advertisement_do_not_count_for_the_next_of_its_name() {
    let (test, pc) = world().await;
    advertise(&test.site, "now").await;
    send(&test.site, pc, &[state(1, standing(ClientState::Failed))]).await.unwrap();
    advertisement::delete(&test.site, &admin(), &name("now")).await.unwrap();
    assert_eq!(advertise(&test.site, "now").await.summary.states, []);
    let kept = list(&test.site, &admin(), None, Some(name("now")), &PageRequest::default()).await.unwrap();
    assert_eq!(kept.items.len(), 1);
}

#[tokio::test]
async fn messages_are_kept_for_as_long_as_configured() {
    let (test, pc) = world().await;
    send(&test.site, pc, &[state(1, standing(ClientState::Received))]).await.unwrap();
    let keep = test.site.config().keep_status();
    let at = async |time: Timestamp| {
        let site = Site::open_with_clock(&test.made.dir, std::sync::Arc::new(move || time)).await.unwrap();
        Retention.run(&site, job::Nothing {}, &Progress::default()).await.unwrap();
        list(&site, &admin(), None, None, &PageRequest::default()).await.unwrap().items.len()
    };
    let now = test.site.now();
    assert_eq!(at(now).await, 1);
    assert_eq!(at(now + keep).await, 0);
}
