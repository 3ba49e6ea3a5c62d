//! Laws of kept status messages, on both engines.

use super::*;
use crate::device;
use crate::scope::Within;
use crate::testing::each_engine;
use dray_model::program::ExitClass;
use dray_model::state::{ClientState, Reason, Standing};
use dray_model::status::{StatusEvent, StatusMessage};
use dray_model::{RunId, Timestamp};

const DEVICE: DeviceId = DeviceId::from_random(7);
const NOW: Timestamp = Timestamp::MAX;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn state(number: u64, state: ClientState) -> StatusMessage {
    let since = Timestamp::from_secs(i64::try_from(number).unwrap());
    told(number, Standing { state, reason: None, since, next: None })
}

fn told(number: u64, standing: Standing) -> StatusMessage {
    let at = Timestamp::from_secs(i64::try_from(number).unwrap());
    let event = StatusEvent::State {
        advertisement: name("now"),
        revision: 1,
        package: name("editor"),
        release: dray_model::package::ReleaseNumber { source_version: 1, revision: 1 },
        program: name("install"),
        standing,
    };
    StatusMessage { number, at, event }
}

fn executed(number: u64, exit_code: i64) -> StatusMessage {
    let at = Timestamp::from_secs(i64::try_from(number).unwrap());
    let event = StatusEvent::Executed {
        run: RunId::from_random(number),
        advertisement: name("now"),
        package: name("editor"),
        release: dray_model::package::ReleaseNumber { source_version: 1, revision: 1 },
        program: name("install"),
        exit_code: Some(exit_code),
        class: ExitClass::Success,
        started_at: at,
        duration_ms: 5,
        output_tail: "done\n".to_owned(),
    };
    StatusMessage { number, at, event }
}

async fn with_device(tx: &mut WriteTx) {
    device::insert(tx, DEVICE, &name("host"), Timestamp::from_secs(1)).await.unwrap();
}

/// What one device sends alone.
async fn take(
    tx: &mut WriteTx,
    device: DeviceId,
    messages: &[StatusMessage],
    received_at: Timestamp,
) -> Result<u64, StoreError> {
    let received = Received { device, messages: messages.to_vec(), received_at };
    Ok(receive(tx, &[&received]).await?[0].expect("the device is enrolled"))
}

#[test]
fn a_message_that_comes_twice_is_kept_once() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        with_device(&mut tx).await;
        let messages = [state(1, ClientState::Received), executed(2, 0)];
        assert_eq!(take(&mut tx, DEVICE, &messages, NOW).await.unwrap(), 2);
        assert_eq!(take(&mut tx, DEVICE, &messages, NOW).await.unwrap(), 0);
        let kept = list(&mut tx, Within::default(), &Filter::default(), &PageRequest::default()).await.unwrap();
        let numbers: Vec<_> = kept.items.iter().map(|view| view.message.number).collect();
        assert_eq!(numbers.len(), 2, "{numbers:?}");
    });
}

#[test]
fn the_state_with_the_highest_number_counts_in_any_order_of_arrival() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        with_device(&mut tx).await;
        let late = [state(4, ClientState::Succeeded), state(3, ClientState::Running)];
        take(&mut tx, DEVICE, &late, NOW).await.unwrap();
        take(&mut tx, DEVICE, &[state(2, ClientState::Downloading)], NOW).await.unwrap();
        let standing = of_device(&mut tx, DEVICE).await.unwrap().remove(0).standing;
        assert_eq!(standing.state, ClientState::Succeeded);
    });
}

#[test]
fn a_download_that_came_further_replaces_its_bytes_and_counts_once() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        with_device(&mut tx).await;
        let since = Timestamp::from_secs(5);
        for (number, done_bytes) in [(1, 10), (3, u64::MAX), (2, 30)] {
            let reason = Some(Reason::Fetching { done_bytes, total_bytes: u64::MAX });
            let standing = Standing { state: ClientState::Downloading, reason, since, next: None };
            assert_eq!(take(&mut tx, DEVICE, &[told(number, standing)], NOW).await.unwrap(), 1);
            let counted = summary(&mut tx, &name("now")).await.unwrap();
            let pairs: Vec<_> = counted.states.iter().map(|count| (count.state, count.devices)).collect();
            assert_eq!(pairs, [(ClientState::Downloading, 1)]);
        }
        let standing = of_device(&mut tx, DEVICE).await.unwrap().remove(0).standing;
        let newest = Reason::Fetching { done_bytes: u64::MAX, total_bytes: u64::MAX };
        assert_eq!((standing.reason, standing.since), (Some(newest), since));
    });
}

#[test]
fn a_run_may_arrive_before_the_state_that_it_belongs_to() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        with_device(&mut tx).await;
        take(&mut tx, DEVICE, &[executed(3, 7)], NOW).await.unwrap();
        take(&mut tx, DEVICE, &[state(4, ClientState::Failed), executed(1, 0)], NOW).await.unwrap();
        let view = of_device(&mut tx, DEVICE).await.unwrap().remove(0);
        assert_eq!((view.exit_code, view.started_at), (Some(7), Some(Timestamp::from_secs(3))));
    });
}

#[test]
fn devices_are_counted_and_listed_by_state() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        for number in 1..=3 {
            let id = DeviceId::from_random(number);
            device::insert(&mut tx, id, &name(&format!("host-{number}")), Timestamp::from_secs(1)).await.unwrap();
            let reached = if number == 3 { ClientState::Failed } else { ClientState::Succeeded };
            take(&mut tx, id, &[state(1, reached)], NOW).await.unwrap();
        }
        let counted = summary(&mut tx, &name("now")).await.unwrap();
        assert_eq!(counted.targeted, 0);
        let pairs: Vec<_> = counted.states.iter().map(|count| (count.state, count.devices)).collect();
        assert_eq!(pairs, [(ClientState::Succeeded, 2), (ClientState::Failed, 1)]);

        let request = PageRequest::new(Some(1), None);
        let first = devices(&mut tx, &name("now"), Some(ClientState::Succeeded), &request).await.unwrap();
        let second = PageRequest::new(Some(1), first.next);
        let second = devices(&mut tx, &name("now"), Some(ClientState::Succeeded), &second).await.unwrap();
        assert_eq!((first.items[0].device_name.as_str(), second.items[0].device_name.as_str()), ("host-1", "host-2"));
        assert_eq!(second.next, None);
    });
}

#[test]
fn a_device_needs_an_upgrade_while_something_waits_for_a_newer_agent() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        with_device(&mut tx).await;
        device::insert(&mut tx, DeviceId::from_random(8), &name("other"), NOW).await.unwrap();
        let waits = |number, reason| {
            let since = Timestamp::from_secs(5);
            told(number, Standing { state: ClientState::Waiting, reason: Some(reason), since, next: None })
        };
        let lacking = Reason::NotSupported {
            agent_version: "0.1".into(),
            feature: "maintenance-windows".into(),
            needs_version: None,
        };
        for (message, needs) in [(waits(1, lacking), true), (waits(2, Reason::NoSource), false)] {
            take(&mut tx, DEVICE, &[message], NOW).await.unwrap();
            assert_eq!(device::find(&mut tx, DEVICE).await.unwrap().unwrap().needs_upgrade, needs);
            let filter = device::DeviceFilter { needs_upgrade: true, ..Default::default() };
            let found = device::list(&mut tx, Within::default(), &filter, &PageRequest::default()).await.unwrap();
            let names: Vec<_> = found.items.iter().map(|device| device.name.as_str()).collect();
            assert_eq!(names, if needs { vec!["host"] } else { vec![] });
        }
    });
}

#[test]
fn messages_are_listed_newest_first_and_filtered() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        with_device(&mut tx).await;
        let messages: Vec<_> = (1..=3).map(|number| state(number, ClientState::Running)).collect();
        for message in &messages {
            take(&mut tx, DEVICE, std::slice::from_ref(message), NOW).await.unwrap();
        }
        let filter = Filter { device: Some(DEVICE), advertisement: Some(name("now")) };
        let first = list(&mut tx, Within::default(), &filter, &PageRequest::new(Some(2), None)).await.unwrap();
        let rest = list(&mut tx, Within::default(), &filter, &PageRequest::new(Some(2), first.next)).await.unwrap();
        let numbers: Vec<_> = first.items.iter().chain(&rest.items).map(|view| view.message.number).collect();
        assert_eq!(numbers, [3, 2, 1]);
        let other = Filter { device: Some(DeviceId::from_random(1)), advertisement: None };
        assert_eq!(list(&mut tx, Within::default(), &other, &PageRequest::default()).await.unwrap().items, []);
    });
}

#[test]
fn old_messages_go_and_states_stay() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        with_device(&mut tx).await;
        take(&mut tx, DEVICE, &[state(1, ClientState::Succeeded)], Timestamp::from_secs(10)).await.unwrap();
        assert_eq!(remove_before(&mut tx, Timestamp::from_secs(10), 9).await.unwrap(), 0);
        assert_eq!(remove_before(&mut tx, Timestamp::from_secs(11), 9).await.unwrap(), 1);
        assert_eq!(of_device(&mut tx, DEVICE).await.unwrap().len(), 1);
    });
}

#[test]
fn what_many_devices_report_at_once_is_counted_for_each() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let [first, second, stranger] = [21, 22, 23].map(DeviceId::from_random);
        for (device, name) in [(first, "first"), (second, "second")] {
            device::insert(&mut tx, device, &name.parse().unwrap(), NOW).await.unwrap();
        }
        let from = |device, messages| Received { device, messages, received_at: NOW };
        let all = [
            from(first, vec![state(1, ClientState::Downloading), state(2, ClientState::Running), executed(3, 0)]),
            from(second, vec![state(1, ClientState::Failed)]),
            from(stranger, vec![state(1, ClientState::Failed)]),
        ];
        let received: Vec<_> = all.iter().collect();
        assert_eq!(receive(&mut tx, &received).await.unwrap(), [Some(3), Some(1), None]);
        assert_eq!(receive(&mut tx, &received).await.unwrap(), [Some(0), Some(0), None]);
        let counted = summary(&mut tx, &name("now")).await.unwrap().states;
        let counted: Vec<_> = counted.into_iter().map(|count| (count.state, count.devices)).collect();
        assert_eq!(counted, [(ClientState::Running, 1), (ClientState::Failed, 1)]);
    });
}

#[test]
fn counts_by_state_follow_every_way_in_which_a_state_changes() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let devices = [31, 32, 33].map(DeviceId::from_random);
        for (device, name) in devices.into_iter().zip(["a", "b", "c"]) {
            device::insert(&mut tx, device, &name.parse().unwrap(), NOW).await.unwrap();
            take(&mut tx, device, &[state(1, ClientState::Running)], NOW).await.unwrap();
        }
        let counts = async |tx: &mut WriteTx| {
            let states = summary(tx, &name("now")).await.unwrap().states;
            states.into_iter().map(|count| (count.state, count.devices)).collect::<Vec<_>>()
        };
        assert_eq!(counts(&mut tx).await, [(ClientState::Running, 3)]);
        take(&mut tx, devices[0], &[state(2, ClientState::Succeeded)], NOW).await.unwrap();
        take(&mut tx, devices[0], &[state(1, ClientState::Failed)], NOW).await.unwrap();
        assert_eq!(counts(&mut tx).await, [(ClientState::Running, 2), (ClientState::Succeeded, 1)]);
        device::delete(&mut tx, devices[1]).await.unwrap();
        assert_eq!(counts(&mut tx).await, [(ClientState::Running, 1), (ClientState::Succeeded, 1)]);
        forget_states(&mut tx, &name("now")).await.unwrap();
        assert_eq!(counts(&mut tx).await, []);
    });
}
