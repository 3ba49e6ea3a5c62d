//! Enrols a computer or a distribution point: from a token and a certificate request to an identity.
//!
//! The token is looked up by the hash of its secret, before anything is written; its use is counted in the transaction that
//! makes the member, so it is used exactly as often as somebody enrolled.

use std::net::IpAddr;

use dray_model::Name;
use dray_model::api::client::{EnrolRequest, Enrolled, EnrolledIdentity, MemberKind};
use dray_model::api::device::EnrolmentFor;
use dray_store::feed::Scope;
use dray_store::{enrolment, point};
use dray_trust::{Token, TokenKind};
use serde_json::json;

use super::devices::Enrolling;
use super::{EnrolmentError, certificate};
use crate::actor::{Actor, Permission};
use crate::random;
use crate::record::Record;
use crate::site::Site;
use crate::together;

/// Enrols the device or point that asks from the address `from`.
///
/// # Errors
/// [`EnrolmentError::Refused`] for every token that is not good, [`EnrolmentError::WrongMember`] for a good one of another kind of
/// member, [`EnrolmentError::Guessing`], [`EnrolmentError::Certificate`]. The token is not used up by any of them.
pub async fn enrol(site: &Site, from: IpAddr, request: EnrolRequest) -> Result<Enrolled, EnrolmentError> {
    if !site.guesses().may_try(from, site.now()) {
        return Err(EnrolmentError::Guessing);
    }
    let Some((id, purpose)) = look_up(site, &request.token).await? else {
        site.guesses().wrong(from, site.now());
        metrics::counter!("dray_enrolments_refused_total").increment(1);
        return Err(EnrolmentError::Refused);
    };
    let token_for = kind(&purpose);
    if token_for != request.member {
        return Err(EnrolmentError::WrongMember { token_for });
    }
    let enrolled = match purpose {
        EnrolmentFor::Devices { .. } => enrol_device(site, id, request).await,
        EnrolmentFor::Point { point } => enrol_point(site, id, &request, point).await,
    };
    if matches!(enrolled, Err(EnrolmentError::Refused)) {
        site.known_tokens().forget(id);
        metrics::counter!("dray_enrolments_refused_total").increment(1);
    }
    let (identity, certificate) = enrolled?;
    metrics::counter!("dray_enrolments_total").increment(1);
    let trusted_keys = serde_json::to_value(site.keys().trusted()).expect("keys are plain texts");
    let authority = site.keys().authority().ca_pem().to_owned();
    Ok(Enrolled { identity, site: site.name().clone(), certificate, authority, trusted_keys })
}

const fn kind(purpose: &EnrolmentFor) -> MemberKind {
    match purpose {
        EnrolmentFor::Devices { .. } => MemberKind::Device,
        EnrolmentFor::Point { .. } => MemberKind::Point,
    }
}

/// Number and purpose of the token, if it lets somebody enrol now, or did when it was shown last.
async fn look_up(site: &Site, text: &str) -> Result<Option<(i64, EnrolmentFor)>, EnrolmentError> {
    let Ok(shown) = Token::parse(TokenKind::Enrolment, text) else { return Ok(None) };
    let hash = *shown.hash().as_bytes();
    if let Some(known) = site.known_tokens().find(&hash) {
        return Ok(Some(known));
    }
    let mut snapshot = site.db().read().await?;
    let found = enrolment::find_by_hash(&mut snapshot, &hash).await?;
    let good = found.filter(|token| {
        let allowed = match token.purpose {
            EnrolmentFor::Devices { count } => count,
            EnrolmentFor::Point { .. } => 1,
        };
        token.revoked_at.is_none() && token.expires_at > site.now() && token.used < allowed
    });
    let found = good.map(|token| (token.id, token.purpose));
    if let Some(token) = &found {
        site.known_tokens().remember(hash, token.clone());
    }
    Ok(found)
}

/// The certificate is issued before the token is used: nobody waits for a signature, and a bad request leaves the token as it is.
async fn enrol_device(
    site: &Site,
    token: i64,
    request: EnrolRequest,
) -> Result<(EnrolledIdentity, String), EnrolmentError> {
    Actor::EnrolmentToken(token).authorise(Permission::Enrol)?;
    let device = random::device_id();
    let (certificate, credential) = certificate::for_device(site, &request.csr, device)?;
    let epoch = site.admission().epoch();
    let enrolling = Enrolling { token, device, host_name: request.host_name };
    let name = together::write(site, enrolling).await?.ok_or(EnrolmentError::Refused)?;
    // It comes with its certificate in a moment.
    site.admission().remember(&credential, epoch);
    Ok((EnrolledIdentity::Device { id: device, name }, certificate))
}

async fn enrol_point(
    site: &Site,
    token: i64,
    request: &EnrolRequest,
    name: Name,
) -> Result<(EnrolledIdentity, String), EnrolmentError> {
    let actor = Actor::EnrolmentToken(token);
    let mut change = site.change(&actor, Permission::Enrol).await?;
    let now = change.now();
    if enrolment::take(&mut change, token, 1, now).await? == 0 {
        return Err(EnrolmentError::Refused);
    }
    let issued = certificate::for_point(site, &mut change, &request.csr, &name).await?;
    let certificate = issued.ok_or(EnrolmentError::Refused)?;
    point::enrolled(&mut change, &name, now).await?;
    // What the name's former holder was given opens nothing any more.
    change.concerns(Scope::PointShutOut(name.clone()));
    let record = Record::done(crate::point::object(&name), "enrol", json!({ "new": { "enrolled_at": now } }));
    change.record(record);
    change.commit().await?;
    Ok((EnrolledIdentity::Point { name }, certificate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use dray_model::Timestamp;
    use dray_model::api::device::CreateEnrolmentToken;
    use dray_model::api::page::PageRequest;
    use dray_model::api::point::CreatePoint;
    use dray_store::audit;
    use dray_trust::NewIdentity;
    use dray_trust::certificate::Identity;

    use crate::admission::Credential;
    use crate::enrolment as tokens;
    use crate::testing;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    async fn token(site: &Site, purpose: EnrolmentFor) -> (i64, String) {
        let command = CreateEnrolmentToken { purpose, comment: dray_model::Text::default(), valid_s: None };
        let created = tokens::create(site, &Actor::System, command).await.unwrap();
        (created.token.id, created.secret)
    }

    fn request(token: &str, member: MemberKind) -> EnrolRequest {
        let csr = NewIdentity::generate().csr_pem;
        EnrolRequest { token: token.to_owned(), csr, member, host_name: "PC".to_owned() }
    }

    async fn admits(site: &Site, identity: Identity, issued_at: Timestamp) -> bool {
        let issued_at = Timestamp::from_secs(issued_at.micros().div_euclid(1_000_000));
        site.admission().admits(site, &Credential { identity, issued_at }).await.unwrap()
    }

    async fn ask(site: &Site, token: &str) -> Result<Enrolled, EnrolmentError> {
        enrol(site, HERE, request(token, MemberKind::Device)).await
    }

    async fn ask_as_point(site: &Site, token: &str) -> Result<Enrolled, EnrolmentError> {
        enrol(site, HERE, request(token, MemberKind::Point)).await
    }

    #[tokio::test]
    async fn a_token_enrols_as_many_devices_as_it_is_for() {
        let test = testing::site().await;
        let (id, token) = token(&test.site, EnrolmentFor::Devices { count: 2 }).await;
        for expected in ["pc", "pc-2"] {
            let enrolled = ask(&test.site, &token).await.unwrap();
            let EnrolledIdentity::Device { id, name } = enrolled.identity else { panic!("not a device") };
            assert_eq!(name.as_str(), expected);
            assert!(admits(&test.site, Identity::Device(id), test.site.now()).await);
        }
        assert!(matches!(ask(&test.site, &token).await, Err(EnrolmentError::Refused)));
        let used = enrolment::find(&mut test.site.db().read().await.unwrap(), id).await.unwrap().unwrap().used;
        assert_eq!(used, 2);
    }

    #[tokio::test]
    async fn of_devices_that_ask_together_as_many_get_in_as_the_token_is_for() {
        let test = testing::site().await;
        let (few, few_secret) = token(&test.site, EnrolmentFor::Devices { count: 3 }).await;
        let (_, other_secret) = token(&test.site, EnrolmentFor::Devices { count: 9 }).await;
        let secrets = [&few_secret; 5].into_iter().chain([&other_secret; 2]);
        let answers = futures_util::future::join_all(secrets.map(|secret| ask(&test.site, secret))).await;
        let refused = answers.iter().filter(|answer| matches!(answer, Err(EnrolmentError::Refused))).count();
        assert_eq!(refused, 2);
        let mut names = Vec::new();
        for enrolled in answers.into_iter().flatten() {
            let EnrolledIdentity::Device { id, name } = enrolled.identity else { panic!("not a device") };
            assert!(admits(&test.site, Identity::Device(id), test.site.now()).await);
            names.push(name.to_string());
        }
        names.sort();
        assert_eq!(names, ["pc", "pc-2", "pc-3", "pc-4", "pc-5"]);
        let mut snapshot = test.site.db().read().await.unwrap();
        assert_eq!(enrolment::find(&mut snapshot, few).await.unwrap().unwrap().used, 3);
        assert_eq!(audit::verify(&mut snapshot).await.unwrap(), None);
        let listed = audit::list(&mut snapshot, &PageRequest::default()).await.unwrap().items;
        let of_few = format!("enrolment-token:{few}");
        let enrolled = listed.iter().filter(|record| record.action == "device.enrol");
        assert_eq!(enrolled.filter(|record| record.actor == of_few).count(), 3);
    }

    #[tokio::test]
    async fn wrong_expired_and_revoked_tokens_look_the_same() {
        let test = testing::site().await;
        let fingerprint = test.site.keys().authority().fingerprint();
        let unknown = Token::generate(TokenKind::Enrolment, fingerprint).reveal();
        let (id, revoked) = token(&test.site, EnrolmentFor::Devices { count: 2 }).await;
        tokens::revoke(&test.site, &Actor::System, id).await.unwrap();
        let (_, expired) = token(&test.site, EnrolmentFor::Devices { count: 2 }).await;
        let later = test.site.now() + Duration::from_secs(2 * 24 * 60 * 60);
        let site = Site::open_with_clock(&test.made.dir, Arc::new(move || later)).await.unwrap();
        for token in ["hello", &unknown, &revoked, &expired] {
            assert!(matches!(ask(&site, token).await, Err(EnrolmentError::Refused)), "{token}");
        }
    }

    #[tokio::test]
    async fn whoever_guesses_is_held_up_even_with_a_good_token() {
        let test = testing::site().await;
        let (_, good) = token(&test.site, EnrolmentFor::Devices { count: 2 }).await;
        while !matches!(ask(&test.site, "guess").await, Err(EnrolmentError::Guessing)) {}
        assert!(matches!(ask(&test.site, &good).await, Err(EnrolmentError::Guessing)));
    }

    #[tokio::test]
    async fn a_bad_certificate_request_does_not_use_up_the_token() {
        let test = testing::site().await;
        let (_, token) = token(&test.site, EnrolmentFor::Devices { count: 1 }).await;
        let request = EnrolRequest { csr: "none".to_owned(), ..request(&token, MemberKind::Device) };
        let refused = enrol(&test.site, HERE, request).await;
        assert!(matches!(refused, Err(EnrolmentError::Certificate(_))));
        assert!(ask(&test.site, &token).await.is_ok());
    }

    #[tokio::test]
    async fn a_point_enrols_once_with_a_token_of_its_own() {
        let test = testing::site().await;
        let name: Name = "berlin".parse().unwrap();
        let url = "https://point.example:8443".to_owned();
        let point = CreatePoint { name: name.clone(), title: dray_model::Text::default(), url };
        crate::point::create(&test.site, &Actor::System, point).await.unwrap();
        let (_, token) = token(&test.site, EnrolmentFor::Point { point: name.clone() }).await;
        assert!(!admits(&test.site, Identity::Point(name.clone()), test.site.now()).await);
        let as_device = ask(&test.site, &token).await;
        assert!(matches!(as_device, Err(EnrolmentError::WrongMember { token_for: MemberKind::Point })));
        let enrolled = ask_as_point(&test.site, &token).await.unwrap();
        assert_eq!(enrolled.identity, EnrolledIdentity::Point { name: name.clone() });
        assert!(admits(&test.site, Identity::Point(name), test.site.now()).await);
        assert!(matches!(ask_as_point(&test.site, &token).await, Err(EnrolmentError::Refused)));
    }

    #[tokio::test]
    async fn a_name_that_is_enrolled_again_shuts_out_its_former_holder() {
        let test = testing::site().await;
        let began = test.site.now();
        let seconds = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&seconds);
        let site = Site::open_with_clock(
            &test.made.dir,
            Arc::new(move || began + Duration::from_secs(clock.load(Ordering::SeqCst))),
        );
        let site = site.await.unwrap();
        let name: Name = "berlin".parse().unwrap();
        let mut issued = Vec::new();
        for _ in 0..2 {
            let url = "https://point.example:8443".to_owned();
            let point = CreatePoint { name: name.clone(), title: dray_model::Text::default(), url };
            crate::point::create(&site, &Actor::System, point).await.unwrap();
            let (_, token) = token(&site, EnrolmentFor::Point { point: name.clone() }).await;
            ask_as_point(&site, &token).await.unwrap();
            issued.push(site.now());
            assert!(admits(&site, Identity::Point(name.clone()), site.now()).await);
            seconds.fetch_add(10, Ordering::SeqCst);
            if issued.len() == 1 {
                crate::point::delete(&site, &Actor::System, &name).await.unwrap();
            }
        }
        assert!(!admits(&site, Identity::Point(name.clone()), issued[0]).await);
        let again = token(&site, EnrolmentFor::Point { point: name.clone() }).await.1;
        ask_as_point(&site, &again).await.unwrap();
        assert!(!admits(&site, Identity::Point(name), issued[1]).await, "let in from memory");
    }

    #[tokio::test]
    async fn a_token_for_devices_makes_no_point_and_stays_good() {
        let test = testing::site().await;
        let (_, token) = token(&test.site, EnrolmentFor::Devices { count: 1 }).await;
        let refused = ask_as_point(&test.site, &token).await;
        assert!(matches!(refused, Err(EnrolmentError::WrongMember { token_for: MemberKind::Device })));
        assert!(ask(&test.site, &token).await.is_ok());
    }
}
