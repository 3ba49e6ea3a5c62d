//! Laws of members that a site has forgotten.

use dray_model::api::page::PageRequest;
use dray_model::{DeviceId, Timestamp};
use dray_store::history::{Era, Return};
use dray_trust::certificate::Identity;

use super::*;
use crate::admission::{Credential, Standing};
use crate::history::tests::enrol;
use crate::package::tests::admin;
use crate::site::Site;
use crate::testing;
use crate::{device, random};

/// The site returns: the copy was made at `copied_s`, seconds before now.
async fn returns(site: &Site, copied_s: i64) {
    let mut tx = site.db().write().await.unwrap();
    let began_at = site.now();
    let copied_at = began_at - std::time::Duration::from_secs(copied_s.cast_unsigned());
    let returned = Some(Return { copied_at, cause: "a test says so".to_owned() });
    let era = Era { id: random::era_id(), sequence: 1000, began_at, returned };
    dray_store::history::begin(&mut tx, &era).await.unwrap();
    tx.commit().await.unwrap();
}

fn issued(site: &Site, identity: Identity, seconds_ago: i64) -> Credential {
    let issued_at = Timestamp::from_secs(site.now().micros().div_euclid(1_000_000) - seconds_ago);
    Credential { identity, issued_at }
}

async fn standing(site: &Site, credential: &Credential, called: &str) -> Standing {
    site.admission().standing(site, credential, called.parse().ok().as_ref()).await.unwrap()
}

async fn waiting(site: &Site) -> Vec<String> {
    let page = list(site, &admin(), &PageRequest::default()).await.unwrap();
    page.items.iter().map(|view| view.member.to_string()).collect()
}

#[tokio::test]
async fn an_unknown_device_is_shut_out_unless_the_site_returned() {
    let test = testing::site().await;
    let stranger = issued(&test.site, Identity::Device(random::device_id()), 5);
    assert_eq!(standing(&test.site, &stranger, "pc").await, Standing::ShutOut);
    assert!(waiting(&test.site).await.is_empty());
    returns(&test.site, 10).await;
    for _ in 0..2 {
        assert_eq!(standing(&test.site, &stranger, "pc").await, Standing::Waiting);
    }
    assert_eq!(waiting(&test.site).await, [stranger.identity.to_string().replace("device ", "")]);
    let deleted = issued(&test.site, Identity::Device(random::device_id()), 60);
    assert_eq!(standing(&test.site, &deleted, "old").await, Standing::ShutOut, "it would be in the copy");
}

#[tokio::test]
async fn a_revoked_device_of_the_copy_stays_out() {
    let test = testing::site().await;
    let id = enrol(&test.site, "pc").await;
    device::revoke(&test.site, &admin(), &"pc".parse().unwrap()).await.unwrap();
    returns(&test.site, 10).await;
    let credential = issued(&test.site, Identity::Device(id), 5);
    assert_eq!(standing(&test.site, &credential, "pc").await, Standing::ShutOut);
}

#[tokio::test]
async fn who_is_accepted_is_let_in_at_once_and_who_is_refused_stays_out() {
    let test = testing::site().await;
    let site = &test.site;
    enrol(site, "pc").await;
    returns(site, 10).await;
    let [good, bad] = [1, 2].map(|number| issued(site, Identity::Device(DeviceId::from_random(number)), 5));
    for (credential, called) in [(&good, "pc"), (&bad, "bad")] {
        assert_eq!(standing(site, credential, called).await, Standing::Waiting);
    }
    accept(site, &admin(), &"pc".parse().unwrap()).await.unwrap();
    refuse(site, &admin(), &"bad".parse().unwrap()).await.unwrap();
    assert_eq!(standing(site, &good, "pc").await, Standing::Admitted);
    assert_eq!(standing(site, &bad, "bad").await, Standing::ShutOut);
    let view = device::find(site, &admin(), &DeviceId::from_random(1).to_string().parse().unwrap()).await.unwrap();
    assert_eq!(view.name.as_str(), "pc-2", "its name was taken");
    assert_eq!(view.collections.unwrap().len(), 1, "it is in the collection of all devices");
    let nobody = accept(site, &admin(), &"nobody".parse().unwrap()).await;
    assert!(matches!(nobody, Err(QuarantineError::NotFound(_))));
}

#[tokio::test]
async fn all_are_accepted_but_points_that_have_not_been_created() {
    let test = testing::site().await;
    let site = &test.site;
    returns(site, 10).await;
    for number in 1..4 {
        let credential = issued(site, Identity::Device(DeviceId::from_random(number)), 5);
        assert_eq!(standing(site, &credential, "pc").await, Standing::Waiting);
    }
    let berlin: Name = "berlin".parse().unwrap();
    let point = issued(site, Identity::Point(berlin.clone()), 5);
    assert_eq!(standing(site, &point, "").await, Standing::Waiting);
    let outcome = accept_all(site, &admin()).await.unwrap();
    assert_eq!((outcome.done, outcome.left), (3, vec![berlin.clone()]));
    let url = "https://point.example:8443".to_owned();
    let create = dray_model::api::point::CreatePoint { name: berlin.clone(), title: dray_model::Text::default(), url };
    crate::point::create(site, &admin(), create).await.unwrap();
    accept(site, &admin(), &berlin).await.unwrap();
    assert_eq!(standing(site, &point, "").await, Standing::Admitted);
    assert!(waiting(site).await.is_empty());
}
