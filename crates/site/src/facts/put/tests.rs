//! Laws of reported facts: membership follows them, and nothing else does.

use super::*;
use dray_model::DeviceId;
use dray_model::api::collection::{ChangeCollection, CreateCollection};
use dray_model::api::page::PageRequest;
use dray_model::collection::{CollectionProperties, CollectionRule};
use dray_model::facts::Table;
use dray_model::inventory::Class;
use dray_model::{Name, class, property};
use dray_store::device;

use crate::ObjectError;
use crate::testing::TestSite;
use crate::{collection, random, testing};

struct World {
    test: TestSite,
    device: DeviceId,
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn query(text: &str) -> CollectionRule {
    CollectionRule::Query { expression: text.parse().unwrap() }
}

impl World {
    async fn new() -> Self {
        let test = testing::site().await;
        let device = random::device_id();
        let mut tx = test.site.db().write().await.unwrap();
        device::insert(&mut tx, device, &name("pc"), test.site.now()).await.unwrap();
        tx.commit().await.unwrap();
        Self { test, device }
    }

    async fn collection(&self, called: &str, rule: &str) {
        let command = CreateCollection {
            name: name(called),
            properties: CollectionProperties::default(),
            rules: vec![query(rule)],
        };
        collection::create(&self.test.site, &Actor::System, command).await.unwrap();
    }

    async fn tell(&self, facts: &Facts) -> Result<(), FactsError> {
        put(&self.test.site, &Actor::Device(self.device), facts.clone(), Vec::new()).await
    }

    async fn members(&self, called: &str) -> usize {
        let page = PageRequest::default();
        collection::members(&self.test.site, &Actor::System, &name(called), &page).await.unwrap().items.len()
    }

    async fn sequence(&self) -> i64 {
        testing::sequence(&self.test.site).await
    }
}

fn processors(count: u32) -> Facts {
    let device = [(property!("device.platform"), "linux".into()), (property!("device.processors"), count.into())];
    Facts::default().with(Table::new(Class::DEVICE).with(device))
}

#[tokio::test]
async fn membership_follows_facts_both_ways() {
    let world = World::new().await;
    world.collection("big", "processors >= 4").await;
    let before = world.sequence().await;
    for (count, members) in [(4, 1), (8, 1), (2, 0)] {
        world.tell(&processors(count)).await.unwrap();
        assert_eq!(world.members("big").await, members);
        let find = collection::find(&world.test.site, &Actor::System, &name("big")).await.unwrap();
        assert_eq!(find.members, members as u64, "the count is kept");
    }
    assert_eq!(world.sequence().await, before, "nothing is advertised, so no policy is another");
}

#[tokio::test]
async fn a_change_of_rules_finds_the_members_at_once() {
    let world = World::new().await;
    world.tell(&processors(4)).await.unwrap();
    world.collection("some", "processors == 1").await;
    assert_eq!(world.members("some").await, 0);
    let command = ChangeCollection { rules: Some(vec![query("processors == 4")]), ..ChangeCollection::default() };
    let site = &world.test.site;
    let new = collection::change(site, &Actor::System, &name("some"), Some(1), command.clone()).await.unwrap();
    assert_eq!((new.revision, new.members), (2, 1));
    let stale = collection::change(site, &Actor::System, &name("some"), Some(1), command.clone()).await;
    assert!(matches!(stale, Err(collection::CollectionError::Object(ObjectError::Stale { found: 2, .. }))));
    let same = collection::change(site, &Actor::System, &name("some"), Some(2), command).await.unwrap();
    assert_eq!(same.revision, 2, "the same facts are not a change");
}

#[tokio::test]
async fn facts_told_again_write_nothing() {
    let world = World::new().await;
    world.tell(&processors(4)).await.unwrap();
    let first = device::find(&mut world.test.site.db().read().await.unwrap(), world.device).await.unwrap();
    world.tell(&processors(4)).await.unwrap();
    let again = device::find(&mut world.test.site.db().read().await.unwrap(), world.device).await.unwrap();
    assert_eq!(first.unwrap().facts_at, again.unwrap().facts_at);
}

#[tokio::test]
async fn a_list_that_changed_counts_in_the_collections_that_ask_for_it() {
    let world = World::new().await;
    world.collection("vim", r#"software.exists(s, s.name == "vim")"#).await;
    let vim = Table::new(class!("software")).with([(property!("software.name"), "vim".into())]);
    world.tell(&processors(4)).await.unwrap();
    assert_eq!(world.members("vim").await, 0);
    world.tell(&processors(4).with(vim)).await.unwrap();
    assert_eq!(world.members("vim").await, 1);
    world.tell(&processors(4)).await.unwrap();
    assert_eq!(world.members("vim").await, 0);
}

#[tokio::test]
async fn a_revoked_device_leaves_its_collections_and_tells_nothing_more() {
    let world = World::new().await;
    world.collection("big", "processors >= 4").await;
    world.tell(&processors(4)).await.unwrap();
    crate::device::revoke(&world.test.site, &Actor::System, &name("pc")).await.unwrap();
    assert_eq!(world.members("big").await, 0);
    assert!(matches!(world.tell(&processors(5)).await, Err(FactsError::NotEnrolled(_))));
}

#[tokio::test]
async fn more_than_the_limits_is_refused() {
    let world = World::new().await;
    for class in Class::all().filter(|class| class.is_list()) {
        let mut table = Table::new(class);
        (0..=class.info().rows_max).for_each(|_| table.push([]));
        let refused = world.tell(&Facts::default().with(table)).await;
        assert!(matches!(refused, Err(FactsError::TooMany { what, .. }) if what == class.info().name));
    }
}

#[tokio::test]
async fn what_devices_report_at_the_same_time_is_kept_for_each() {
    let world = World::new().await;
    world.collection("big", "processors >= 4").await;
    let site = &world.test.site;
    let mut devices = vec![world.device];
    for number in 50..60 {
        devices.push(crate::advertisement::tests::device(site, number, &format!("pc-{number}")).await);
    }
    let stranger = dray_model::DeviceId::from_random(99);
    let reports = devices.iter().chain([&stranger]).enumerate().map(|(place, device)| {
        let (actor, facts) = (Actor::Device(*device), processors(u32::try_from(place).unwrap()));
        async move { put(site, &actor, facts, vec![name("windows")]).await }
    });
    let answers = futures_util::future::join_all(reports).await;
    let (last, others) = answers.split_last().unwrap();
    assert!(matches!(last, Err(FactsError::NotEnrolled(_))) && others.iter().all(Result::is_ok));
    assert_eq!(world.members("big").await, devices.len() - 4);
    let view = crate::device::find(site, &Actor::System, &name("pc-55")).await.unwrap();
    assert_eq!((view.features, view.facts), (vec![name("windows")], Some(processors(6))));
}
