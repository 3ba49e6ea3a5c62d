//! What single devices do, and what the site knows of them then.

use std::time::Duration;

use dray_client::site_api::DeviceFilter;
use dray_model::class;
use dray_model::state::ClientState;
use dray_sim::device::Polled;
use dray_sim::facts::{SOFTWARE, Variation};
use dray_sim::fleet::{Fleet, Holders, NotReached};
use dray_sim::life::{self, LIFE};
use dray_sim::{Device, SimError};

use crate::site::{Server, advertisement, name};

const WITHIN: Duration = Duration::from_secs(30);
const PLAIN: Variation = Variation { round: 0, marked: false };
const MARKED: Variation = Variation { round: 0, marked: true };

async fn fleet(server: &Server, devices: u32) -> Fleet {
    let mut fleet = Fleet::new(server.client_url(), 1);
    fleet.enrol(&server.token(devices).await, devices).await.unwrap();
    fleet
}

#[tokio::test]
async fn devices_enrol_with_certificates_of_their_own_and_send_facts() {
    let server = Server::start().await;
    let fleet = fleet(&server, 5).await;
    fleet.each(0..5, async |device| device.send_facts(PLAIN).await).await.unwrap();
    let listed = server.administrator.devices(&DeviceFilter::default()).all().await.unwrap();
    let names: Vec<_> = listed.iter().map(|device| device.name.to_string()).collect();
    assert_eq!(names, ["sim-000000", "sim-000001", "sim-000002", "sim-000003", "sim-000004"]);
    let device = server.administrator.device(&name("sim-000003")).await.unwrap();
    assert_eq!(device.id, fleet.devices(3..4)[0].id());
    assert_eq!(device.facts.unwrap().table(class!("software")).rows().count(), SOFTWARE);
}

#[tokio::test]
async fn a_token_that_is_used_up_lets_nobody_in() {
    let server = Server::start().await;
    let token = server.token(1).await;
    Device::enrol(&server.client_url(), &token, 1, 0).await.unwrap();
    let refused = Device::enrol(&server.client_url(), &token, 1, 1).await;
    assert!(matches!(refused, Err(SimError::Enrol { number: 1, .. })));
}

#[tokio::test]
async fn a_policy_is_verified_once_and_unchanged_afterwards() {
    let server = Server::start().await.with_marked().await;
    let fleet = fleet(&server, 2).await;
    let [device, other] = fleet.devices(0..2) else { panic!("two devices enrolled") };
    device.send_facts(MARKED).await.unwrap();
    let Polled::Changed(policy) = device.poll(0).await.unwrap() else { panic!("the first policy is new") };
    assert_eq!(device.verify(&policy).unwrap().entries.len(), 1);
    assert!(matches!(other.verify(&policy), Err(SimError::WrongPolicy { number: 1, .. })));
    assert_eq!(device.poll(0).await.unwrap(), Polled::Unchanged);
    device.hang_up().unwrap();
    assert_eq!(device.poll(0).await.unwrap(), Polled::Unchanged);
}

#[tokio::test]
async fn a_device_that_holds_gets_the_policy_that_follows_from_its_facts_and_others_do_not() {
    let server = Server::start().await.with_marked().await;
    let fleet = fleet(&server, 4).await;
    let holders = Holders::start(fleet.devices(0..4)).await.unwrap();
    fleet.devices(0..4)[2].send_facts(MARKED).await.unwrap();
    holders.until(1, WITHIN).await.unwrap();
    let woken = holders.take().unwrap();
    assert_eq!((woken.len(), woken[0].place, woken[0].entries), (1, 2, 1));
    let late = holders.until(1, Duration::from_millis(1)).await;
    assert!(matches!(late, Err(NotReached::Late { reached: 0, expected: 1, .. })));
}

#[tokio::test]
async fn an_advertisement_reaches_all_that_hold() {
    let server = Server::start().await.with_marked().await;
    let fleet = fleet(&server, 6).await;
    let holders = Holders::start(fleet.devices(0..6)).await.unwrap();
    let order = advertisement("for-all", "all-devices");
    server.administrator.create_advertisement(&order).await.unwrap();
    holders.until(6, WITHIN).await.unwrap();
    let mut places: Vec<_> = holders.take().unwrap().iter().map(|woken| woken.place).collect();
    places.sort_unstable();
    assert_eq!(places, [0, 1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn the_site_counts_the_states_in_which_lives_end() {
    let server = Server::start().await.with_marked().await;
    let fleet = fleet(&server, 3).await;
    let subject = life::Subject { advertisement: name("for-marked"), package: name("tool"), program: name("install") };
    let live = async |device: &Device| {
        device.send_status(2 * LIFE, |number| life::message(device.number(), number, &subject)).await
    };
    assert_eq!(fleet.each(0..3, live).await.unwrap(), [2 * LIFE; 3]);
    let shown = server.administrator.advertisement(&name("for-marked")).await.unwrap();
    let counted = |state| {
        let found = shown.summary.states.iter().find(|count| count.state == state);
        found.map_or(0, |count| count.devices)
    };
    for state in ClientState::ALL {
        let ended = (0..3).filter(|device| life::ending(*device, 2 * LIFE) == state).count();
        assert_eq!(counted(state), ended as u64, "{state}");
    }
}
