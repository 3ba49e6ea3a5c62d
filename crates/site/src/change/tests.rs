//! Laws of changes: operations share a transaction and an audit trail, and nothing lasts without its record.

use dray_model::ObjectKind;
use dray_model::api::advertisement::CreateAdvertisement;
use dray_model::api::collection::CreateCollection;
use dray_model::api::page::PageRequest;
use dray_model::collection::{CollectionProperties, CollectionRule};
use dray_store::meta;

use super::*;
use crate::actor::Permission;
use crate::advertisement::tests::terms;
use crate::package::tests::{admin, command, name};
use crate::{Failure as _, advertisement, audit, collection, package, testing};

fn some() -> CreateCollection {
    let rules = vec![CollectionRule::AllDevices];
    CreateCollection { name: name("some"), properties: CollectionProperties::default(), rules }
}

/// A package, a collection and an advertisement of the one to the other, in one change.
async fn distribute(change: &mut Change<'_>, called: &str) -> Result<(), Box<dyn std::error::Error>> {
    let actor = change.actor();
    let draft = package::create::draft(command(None)).await?;
    let plan = package::create::check(change, actor, draft).await?;
    package::create::apply(change, plan).await?;
    let draft = collection::create::draft(some()).await?;
    let plan = collection::create::check(change, actor, draft).await?;
    collection::create::apply(change, plan).await?;
    let plan = CreateAdvertisement { name: name(called), terms: terms() };
    let plan = advertisement::create::check(change, actor, plan).await?;
    advertisement::create::apply(change, plan).await?;
    Ok(())
}

async fn actions(site: &Site) -> Vec<String> {
    let log = audit::list(site, &admin(), &PageRequest::default()).await.unwrap();
    log.items.into_iter().map(|record| format!("{} {}", record.action, record.object_name)).collect()
}

#[tokio::test]
async fn several_operations_share_a_transaction_and_each_has_its_record() {
    let test = testing::site().await;
    let before = actions(&test.site).await.len();
    let admin = admin();
    let mut change = test.site.change(&admin, Permission::Manage(ObjectKind::Job)).await.unwrap();
    distribute(&mut change, "zip-for-some").await.unwrap();
    assert_eq!(actions(&test.site).await.len(), before, "nothing is seen before the commit");
    change.commit().await.unwrap();
    let expected = ["advertisement.create zip-for-some", "collection.create some", "package.create zip"];
    let after = actions(&test.site).await;
    assert_eq!((&after[..3], after.len()), (&expected.map(str::to_owned)[..], before + 3));
    advertisement::find(&test.site, &admin, &name("zip-for-some")).await.unwrap();
}

#[tokio::test]
async fn a_change_that_is_dropped_was_a_preview() {
    let test = testing::site().await;
    let before = actions(&test.site).await;
    let admin = admin();
    let mut change = test.site.change(&admin, Permission::Manage(ObjectKind::Job)).await.unwrap();
    distribute(&mut change, "zip-for-some").await.unwrap();
    let planned: Vec<_> = change.records().iter().map(Record::action).collect();
    assert_eq!(planned, ["package.create", "collection.create", "advertisement.create"]);
    drop(change);
    assert_eq!(actions(&test.site).await, before);
    assert_eq!(package::find(&test.site, &admin, &name("zip")).await.unwrap_err().code(), "not_found");
}

#[tokio::test]
async fn an_operation_that_is_refused_leaves_nothing_of_those_before_it() {
    let test = testing::site().await;
    let admin = admin();
    let mut change = test.site.change(&admin, Permission::Manage(ObjectKind::Job)).await.unwrap();
    distribute(&mut change, "zip-for-some").await.unwrap();
    let again = package::create::draft(command(None)).await.unwrap();
    let refused = package::create::check(&mut change, &admin, again).await.err().unwrap();
    assert_eq!(refused.code(), "name_taken");
    drop(change);
    assert_eq!(collection::find(&test.site, &admin, &name("some")).await.unwrap_err().code(), "not_found");
}

#[tokio::test]
async fn what_was_not_recorded_does_not_last() {
    let test = testing::site().await;
    let mut change = test.site.change(&Actor::System, Permission::Manage(ObjectKind::Job)).await.unwrap();
    meta::set(&mut change, "left", "behind").await.unwrap();
    change.commit().await.unwrap();
    let mut snapshot = test.site.db().read().await.unwrap();
    assert_eq!(meta::get(&mut snapshot, "left").await.unwrap(), None);
}
