//! Laws of received status messages.

use dray_model::api::page::PageRequest;
use dray_model::program::ExitClass;
use dray_model::state::{ClientState, Standing};
use dray_model::status::{StatusEvent, StatusMessage};
use dray_model::{RunId, Timestamp};

use super::*;
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

pub(crate) async fn send(site: &Site, device: DeviceId, messages: &[StatusMessage]) -> Result<u64, StatusError> {
    receive(site, &Actor::Device(device), device, messages).await.map(|accepted| accepted.new)
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
async fn a_batch_beyond_the_limits_is_refused_whole() {
    let (test, pc) = world().await;
    let good = state(1, standing(ClientState::Received));
    let many = vec![good.clone(); BATCH_MAX + 1];
    assert!(matches!(send(&test.site, pc, &many).await, Err(StatusError::TooMany(501))));
    for bad in [0, u64::MAX] {
        let batch = [good.clone(), StatusMessage { number: bad, ..good.clone() }];
        assert!(matches!(send(&test.site, pc, &batch).await, Err(StatusError::Number(_))));
    }
    let batch = [good.clone(), executed(2, "x".repeat(OUTPUT_TAIL_MAX + 1))];
    assert!(matches!(send(&test.site, pc, &batch).await, Err(StatusError::Output { number: 2, .. })));
    let all = list(&test.site, &admin(), None, None, &PageRequest::default()).await.unwrap();
    assert_eq!(all.items, []);
    let nobody = DeviceId::from_random(99);
    assert!(matches!(send(&test.site, nobody, &[good]).await, Err(StatusError::NotEnrolled(_))));
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
    assert!(matches!(unknown, Err(StatusError::Device(DeviceError::NotFound(_)))));
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
