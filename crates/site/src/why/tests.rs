//! Laws of the chain: each link is told when it is the one that stands in the way.

use dray_model::advertisement::{AdvertisementTerms, Assignment};
use dray_model::api::advertisement::{ChangeAdvertisement, ChangeTerms, CreateAdvertisement};
use dray_model::api::package::{ChangePackage, CreatePackage};
use dray_model::api::why::{WhyHolds, WhyStage};
use dray_model::facts::{Facts, Table};
use dray_model::inventory::Class;
use dray_model::state::{ClientState, Reason, Standing};
use dray_model::{DeviceId, Timestamp, property};
use dray_store::collection::{self, Rule};
use dray_store::facts::{self, Report};

use super::*;
use crate::advertisement::tests::{advertise, device as enrolled, terms, world};
use crate::package::tests::{admin, command, name, published, source};
use crate::status::tests::{send, state};
use crate::{advertisement as advertisements, package, policy, testing};

async fn ask(site: &Site, program: &str) -> Result<Why, WhyError> {
    why(site, &admin(), &name("pc"), program).await
}

/// The answer, and what each link of the only chain says.
async fn links(site: &Site) -> (String, Vec<(WhyStage, WhyHolds, String)>) {
    let mut why = ask(site, "zip/install").await.unwrap();
    assert_eq!(why.chains.len(), 1);
    let links = why.chains.remove(0).links.into_iter().map(|link| (link.link, link.holds, link.code)).collect();
    (why.answer, links)
}

/// The link that stands in the way, and the answer.
async fn in_the_way(site: &Site) -> (WhyStage, WhyHolds, String, String) {
    let (answer, links) = links(site).await;
    let (stage, holds, code) = links.into_iter().find(|(_, holds, _)| *holds != WhyHolds::Yes).unwrap();
    (stage, holds, code, answer)
}

async fn fetch(site: &Site, device: DeviceId) {
    policy::current(site, &Actor::Device(device), device, None, std::time::Duration::ZERO).await.unwrap();
}

async fn report(site: &Site, device: DeviceId, number: u64, state_now: ClientState, reason: Reason) {
    let standing =
        Standing { state: state_now, reason: Some(reason), since: Timestamp::from_secs(1_800_000_000), next: None };
    send(site, device, &[state(number, standing)]).await.unwrap();
}

async fn tell(site: &Site, device: DeviceId, platform: &str) {
    let row = Table::new(Class::DEVICE).with([(property!("device.platform"), platform.into())]);
    let facts = Facts::default().with(row);
    let mut tx = site.db().write().await.unwrap();
    let kept = facts::kept(&mut tx, &[device]).await.unwrap().remove(&device).unwrap();
    let report = Report::new(device, &facts, kept.digests);
    assert_eq!(facts::replace(&mut tx, &[report], site.now()).await.unwrap(), [device].into());
    tx.commit().await.unwrap();
}

/// A collection that the device isn't in, with these rules.
async fn collection(site: &Site, rules: &[Rule]) {
    let mut tx = site.db().write().await.unwrap();
    let id = collection::insert(&mut tx, &name("others"), &Default::default(), site.now()).await.unwrap();
    collection::set_rules(&mut tx, id, rules).await.unwrap();
    tx.commit().await.unwrap();
    let terms = AdvertisementTerms { collection: name("others"), ..terms() };
    advertisements::create(site, &admin(), CreateAdvertisement { name: name("now"), terms }).await.unwrap();
}

fn query(text: &str) -> Rule {
    Rule::Query(Box::new(dray_expression::parse(text, &dray_query::Limits::default()).unwrap()))
}

#[tokio::test]
async fn without_an_advertisement_nothing_offers_the_program() {
    let (test, _) = world().await;
    let why = ask(&test.site, "zip").await.unwrap();
    assert_eq!(why.answer, "the program install of the package zip is not advertised to anybody");
}

#[tokio::test]
async fn the_rule_that_is_false_is_told() {
    let (test, pc) = world().await;
    let rule = query(r#"platform == "windows" && name == "pc""#);
    collection(&test.site, &[rule, query("name == \"kiosk\"")]).await;
    let (stage, holds, code, _) = in_the_way(&test.site).await;
    assert_eq!((stage, holds, code.as_str()), (WhyStage::Membership, WhyHolds::No, "no_facts"));
    tell(&test.site, pc, "linux").await;
    let (.., answer) = in_the_way(&test.site).await;
    let expected = "pc is not a member of the collection others: the device's facts do not match \
                    platform == \"windows\", nor name == \"kiosk\"";
    assert_eq!(answer, expected);
    tell(&test.site, pc, "windows").await;
    assert_eq!(in_the_way(&test.site).await.2, "not_evaluated");
}

#[tokio::test]
async fn a_collection_without_a_rule_for_the_device_is_told() {
    let (test, _) = world().await;
    let other = enrolled(&test.site, 2, "other").await;
    collection(&test.site, &[Rule::Direct(other)]).await;
    let (.., code, answer) = in_the_way(&test.site).await;
    assert_eq!(code, "not_named");
    assert_eq!(answer, "pc is not a member of the collection others: its rules name only 1 other device");
}

#[tokio::test]
async fn a_policy_is_fetched_before_anything_else() {
    let (test, pc) = world().await;
    advertise(&test.site, "now").await;
    let (stage, holds, code, answer) = in_the_way(&test.site).await;
    assert_eq!((stage, holds, code.as_str()), (WhyStage::Policy, WhyHolds::Waiting, "never_fetched"));
    assert_eq!(answer, "pc has not fetched a policy yet; it has never been seen");
    tell(&test.site, pc, "linux").await;
    fetch(&test.site, pc).await;
    let (stage, _, code, _) = in_the_way(&test.site).await;
    assert_eq!((stage, code.as_str()), (WhyStage::Run, "not_reported"));
    advertisements::rerun(&test.site, &admin(), &name("now")).await.unwrap();
    let (stage, _, code, answer) = in_the_way(&test.site).await;
    assert_eq!((stage, code.as_str()), (WhyStage::Policy, "not_fetched"));
    assert!(answer.contains("was last seen at"), "{answer}");
}

#[tokio::test]
async fn a_package_without_a_release_is_told() {
    let test = testing::site().await;
    let pc = enrolled(&test.site, 1, "pc").await;
    crate::advertisement::tests::collection_with(&test.site, "some", pc).await;
    let folder = source(test.site.dir());
    package::create(&test.site, &admin(), command(Some(&folder))).await.unwrap();
    advertise(&test.site, "now").await;
    let (stage, holds, code, _) = in_the_way(&test.site).await;
    assert_eq!((stage, holds, code.as_str()), (WhyStage::Policy, WhyHolds::Waiting, "no_release"));
}

#[tokio::test]
async fn the_time_is_told_with_the_next_instant() {
    let (test, pc) = world().await;
    let made = advertise(&test.site, "now").await;
    let later = made.published_at + std::time::Duration::from_secs(3600);
    let (at, same) = (Assignment::At { time: later }, ChangeTerms::default);
    for (changed, expected, next) in [
        (ChangeTerms { start: Some(Some(later)), ..same() }, "not_started", Some(later)),
        (ChangeTerms { start: Some(None), assignments: Some(vec![at]), ..same() }, "not_assigned_yet", Some(later)),
        (ChangeTerms { assignments: Some(vec![]), ..same() }, "user_decides", None),
        (ChangeTerms { expires: Some(Some(made.published_at)), ..same() }, "advertisement_expired", None),
    ] {
        let command = ChangeAdvertisement { terms: changed };
        advertisements::change(&test.site, &admin(), &name("now"), None, command).await.unwrap();
        fetch(&test.site, pc).await;
        let why = ask(&test.site, "install").await.unwrap();
        let link = &why.chains[0].links[2];
        assert_eq!((link.code.as_str(), link.next), (expected, next));
        assert_eq!(why.answer, link.sentence);
    }
}

#[tokio::test]
async fn a_requirement_is_checked_against_the_facts() {
    let (test, pc) = world().await;
    advertise(&test.site, "now").await;
    fetch(&test.site, pc).await;
    tell(&test.site, pc, "windows").await;
    let (stage, holds, _, answer) = in_the_way(&test.site).await;
    assert_eq!((stage, holds), (WhyStage::Requirements, WhyHolds::No));
    assert_eq!(answer, "the facts of pc do not meet platform == \"linux\"");
}

#[tokio::test]
async fn what_the_device_reports_ends_the_chain() {
    let (test, pc) = world().await;
    advertise(&test.site, "now").await;
    fetch(&test.site, pc).await;
    tell(&test.site, pc, "linux").await;
    report(&test.site, pc, 1, ClientState::Running, Reason::Started).await;
    let (stage, holds, _, answer) = in_the_way(&test.site).await;
    assert_eq!((stage, holds, answer.as_str()), (WhyStage::Run, WhyHolds::Waiting, "the program is running"));
    report(&test.site, pc, 2, ClientState::Failed, Reason::ExitCode { exit_code: 3 }).await;
    let (stage, holds, _, answer) = in_the_way(&test.site).await;
    assert_eq!((stage, holds), (WhyStage::Result, WhyHolds::No));
    assert_eq!(answer, "the program ended with exit code 3");
    report(&test.site, pc, 3, ClientState::Succeeded, Reason::ExitCode { exit_code: 0 }).await;
    let (answer, links) = links(&test.site).await;
    assert!(links.iter().all(|(_, holds, _)| *holds == WhyHolds::Yes), "{links:?}");
    assert_eq!(answer, "the program ended with exit code 0");
}

#[tokio::test]
async fn an_agent_that_is_too_old_is_the_answer() {
    let (test, pc) = world().await;
    advertise(&test.site, "now").await;
    fetch(&test.site, pc).await;
    tell(&test.site, pc, "linux").await;
    let reason = Reason::NotSupported {
        agent_version: "0.3".into(),
        feature: "maintenance-windows".into(),
        needs_version: Some("0.4".into()),
    };
    report(&test.site, pc, 1, ClientState::Waiting, reason).await;
    let (stage, holds, _, answer) = in_the_way(&test.site).await;
    assert_eq!((stage, holds), (WhyStage::Policy, WhyHolds::Waiting));
    assert_eq!(answer, "agent 0.3 does not support maintenance windows; version 0.4 is needed");
}

#[tokio::test]
async fn a_download_tells_how_far_it_is_and_remains_one_device_that_downloads() {
    let (test, _, _) = published().await;
    let pc = enrolled(&test.site, 1, "pc").await;
    crate::advertisement::tests::collection_with(&test.site, "some", pc).await;
    advertise(&test.site, "now").await;
    fetch(&test.site, pc).await;
    tell(&test.site, pc, "linux").await;
    for (number, done_bytes, far) in [(1, 0, "0 B"), (2, 1 << 20, "1.0 MiB")] {
        let reason = Reason::Fetching { done_bytes, total_bytes: 2 << 20 };
        report(&test.site, pc, number, ClientState::Downloading, reason.clone()).await;
        let (stage, holds, _, answer) = in_the_way(&test.site).await;
        assert_eq!((stage, holds), (WhyStage::Content, WhyHolds::Waiting));
        assert_eq!(answer, format!("downloading content: {far} of 2.0 MiB"));
        let request = Default::default();
        let devices = advertisements::devices(&test.site, &admin(), &name("now"), None, &request).await.unwrap();
        assert_eq!(devices.items[0].standing.reason, Some(reason));
        let states = advertisements::find(&test.site, &admin(), &name("now")).await.unwrap().summary.states;
        assert_eq!(states.iter().map(|count| count.devices).collect::<Vec<_>>(), [1]);
    }
}

#[tokio::test]
async fn a_program_is_found_by_what_is_enough_to_name_it() {
    let (test, _) = world().await;
    for text in ["zip/install", "zip", "install"] {
        let why = ask(&test.site, text).await.unwrap();
        assert_eq!((why.package.as_str(), why.program.as_str()), ("zip", "install"), "{text}");
    }
    let second = CreatePackage { name: name("tar"), ..command(None) };
    package::create(&test.site, &admin(), second).await.unwrap();
    let ambiguous = ask(&test.site, "install").await.unwrap_err();
    assert_eq!(ambiguous.to_string(), "\"install\" may mean tar/install or zip/install");
    for text in ["nothing", "zip/remove", "none/install", "A/b", ""] {
        assert_eq!(ask(&test.site, text).await.unwrap_err().code(), "no_program", "{text}");
    }
    let none = ChangePackage { programs: Some(Vec::new()), ..ChangePackage::default() };
    advertise(&test.site, "now").await;
    package::change(&test.site, &admin(), &name("zip"), None, none).await.unwrap();
    let (answer, _) = links(&test.site).await;
    assert_eq!(answer, "pc has not fetched a policy yet; it has never been seen");
}
