//! Laws of roles: what they grant is what their holders may do, from the next request on.

use std::collections::BTreeSet;

use dray_model::access::{Grant, PredefinedRole};
use dray_model::api::page::PageRequest;
use dray_model::api::role::{ChangeRole, CreateRole};
use dray_model::api::token::CreateToken;

use super::*;
use crate::actor::Actor;
use crate::package::tests::{admin, name};
use crate::{package, testing, token};

fn grants(texts: &[&str]) -> BTreeSet<Grant> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn helpdesk() -> CreateRole {
    CreateRole { name: name("helpdesk"), title: Default::default(), grants: grants(&["read:device"]) }
}

async fn token_with(site: &crate::Site, called: &str, role: &str) -> String {
    let command = CreateToken { name: name(called), role: name(role), scope: None, valid_s: None };
    token::create(site, &admin(), command).await.unwrap().secret
}

#[tokio::test]
async fn a_new_site_has_the_predefined_roles_and_keeps_them() {
    let test = testing::site().await;
    let all = list(&test.site, &admin(), &PageRequest::default()).await.unwrap().items;
    let names: Vec<_> = all.iter().map(|role| role.name.as_str()).collect();
    assert_eq!(names, ["administrator", "operator", "publisher", "reader"]);
    let reader = name("reader");
    let changed = change(&test.site, &admin(), &reader, None, ChangeRole::default()).await;
    assert!(matches!(changed, Err(RoleError::Predefined(_))));
    assert!(matches!(delete(&test.site, &admin(), &reader).await, Err(RoleError::Predefined(_))));
}

#[tokio::test]
async fn a_role_says_what_its_holders_may_do_from_their_next_request_on() {
    let test = testing::site().await;
    let site = &test.site;
    let made = create(site, &admin(), helpdesk()).await.unwrap();
    let secret = token_with(site, "anna", "helpdesk").await;
    let anna = token::authenticate(site, &secret).await.unwrap();
    crate::device::list(site, &anna, &Default::default(), &PageRequest::default()).await.unwrap();
    let denied = package::list(site, &anna, &PageRequest::default()).await.unwrap_err();
    assert_eq!((denied.code(), denied.to_string().as_str()), ("denied", "token:anna may not read packages"));
    let more = ChangeRole { grants: Some(grants(&["read:device", "read:package"])), title: None };
    let changed = change(site, &admin(), &made.name, Some(made.revision), more).await.unwrap();
    assert_eq!(changed.revision, 2);
    let anna = token::authenticate(site, &secret).await.unwrap();
    package::list(site, &anna, &PageRequest::default()).await.unwrap();
}

#[tokio::test]
async fn a_role_in_use_stays_and_one_that_nobody_has_goes() {
    let test = testing::site().await;
    let site = &test.site;
    create(site, &admin(), helpdesk()).await.unwrap();
    token_with(site, "anna", "helpdesk").await;
    let refused = delete(site, &admin(), &name("helpdesk")).await.unwrap_err();
    assert_eq!(refused.to_string(), "cannot delete the role helpdesk: it is used by the token anna");
    token::revoke(site, &admin(), &name("anna")).await.unwrap();
    delete(site, &admin(), &name("helpdesk")).await.unwrap();
    assert_eq!(find(site, &admin(), &name("helpdesk")).await.unwrap_err().code(), "not_found");
}

#[tokio::test]
async fn nobody_grants_or_gives_away_what_they_lack() {
    let test = testing::site().await;
    let site = &test.site;
    let role = CreateRole { name: name("keys"), ..helpdesk() };
    let role = CreateRole { grants: grants(&["manage:token", "manage:role", "read:device"]), ..role };
    create(site, &admin(), role).await.unwrap();
    let keeper = token::authenticate(site, &token_with(site, "keeper", "keys").await).await.unwrap();
    let wider = CreateRole { grants: PredefinedRole::Administrator.grants(), ..helpdesk() };
    assert_eq!(create(site, &keeper, wider).await.unwrap_err().code(), "beyond_own_rights");
    create(site, &keeper, helpdesk()).await.unwrap();
    let more = ChangeRole { grants: Some(grants(&["manage:device"])), title: None };
    let refused = change(site, &keeper, &name("helpdesk"), None, more).await.unwrap_err();
    assert_eq!(refused.code(), "beyond_own_rights");
    let command = CreateToken { name: name("ci"), role: name("publisher"), scope: None, valid_s: None };
    assert_eq!(token::create(site, &keeper, command).await.unwrap_err().code(), "beyond_own_rights");
}

#[tokio::test]
async fn a_token_of_a_role_that_does_not_exist_is_not_made() {
    let test = testing::site().await;
    let command = CreateToken { name: name("ci"), role: name("none"), scope: None, valid_s: None };
    let refused = token::create(&test.site, &Actor::System, command).await.unwrap_err();
    assert_eq!(refused.to_string(), "cannot create a token with the role none: it does not exist");
}
