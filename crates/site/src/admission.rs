//! Whose certificates count: those of enrolled devices and points, from enrolment to revocation or deletion. A point's name may come
//! again after its deletion, so of a point only those count that were issued since it enrolled last.
//!
//! A party that was found in the database once is let in from memory. A change that shuts somebody out has that party forgotten: at once in the
//! process that made the change, and in the others as soon as they read the change feed.
//!
//! A site that went on from an older copy of itself has forgotten who enrolled since. Those wait until they are accepted
//! ([`quarantine`](crate::quarantine)).

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dray_model::{DeviceId, Name, Timestamp};
use dray_store::{StoreError, device, point};
use dray_trust::certificate::Identity;

use crate::history::may_be_forgotten;
use crate::quarantine;
use crate::site::Site;

/// How often a party that waits is taken down again.
const HEAR_EVERY: Duration = Duration::from_secs(60 * 60);
/// Most parties remembered, some 100 MB; beyond that the memory starts again.
const REMEMBERED_MAX: usize = 1_000_000;

/// What a party shows with its certificate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Credential {
    /// Who it is.
    pub identity: Identity,
    /// When the authority said so, to the second.
    pub issued_at: Timestamp,
}

/// Who was let in.
#[derive(Debug, Default)]
pub struct Admission {
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    /// Instants of issue of the certificates that were let in.
    admitted: HashMap<Identity, HashSet<Timestamp>>,
    /// Those that wait to be accepted, and when that was taken down.
    waiting: HashMap<Identity, Noted>,
    /// Goes up each time that anybody is forgotten.
    epoch: u64,
}

/// That a party waits, as it was taken down last.
#[derive(Debug, Clone, Copy)]
struct Noted {
    at: Timestamp,
    is_named: bool,
}

/// What a party may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may talk to the site.
    Admitted,
    /// The site has forgotten it: an administrator must accept it.
    Waiting,
    /// It may not.
    ShutOut,
}

impl Admission {
    /// What the party, which calls itself `name`, may do now. One that the site has forgotten is taken down. Costs a query the first time,
    /// and a look-up from then on.
    ///
    /// # Errors
    /// The database's.
    pub async fn standing(
        &self,
        site: &Site,
        credential: &Credential,
        name: Option<&Name>,
    ) -> Result<Standing, StoreError> {
        site.feed().keep_up(site).await?;
        let now = site.now();
        let epoch = {
            let memory = self.memory();
            if memory.admits(credential) {
                return Ok(Standing::Admitted);
            }
            if memory.knows_as_waiting(credential, name.is_some(), now) {
                return Ok(Standing::Waiting);
            }
            memory.epoch
        };
        // Boxed, so that held requests, of which this is a part, keep no room for it.
        let standing = Box::pin(look_up(site, credential, name)).await?;
        match standing {
            Standing::Admitted => self.remember(credential, epoch),
            Standing::Waiting => {
                self.remember_waiting(credential, Noted { at: now, is_named: name.is_some() }, epoch);
            }
            Standing::ShutOut => {}
        }
        Ok(standing)
    }

    /// Whether the party may talk to the site now.
    ///
    /// # Errors
    /// The database's.
    pub async fn admits(&self, site: &Site, credential: &Credential) -> Result<bool, StoreError> {
        Ok(self.standing(site, credential, None).await? == Standing::Admitted)
    }

    /// Forgets everybody.
    pub(crate) fn forget_all(&self) {
        let mut memory = self.memory();
        memory.admitted.clear();
        memory.waiting.clear();
        memory.epoch += 1;
    }

    /// Forgets a device.
    pub(crate) fn forget_device(&self, device: DeviceId) {
        self.forget(&Identity::Device(device));
    }

    /// Forgets a point, with all certificates that it showed.
    pub(crate) fn forget_point(&self, name: &Name) {
        self.forget(&Identity::Point(name.clone()));
    }

    fn forget(&self, identity: &Identity) {
        let mut memory = self.memory();
        memory.admitted.remove(identity);
        memory.waiting.remove(identity);
        memory.epoch += 1;
    }

    /// What [`Admission::remember`] asks for, from before the caller looked.
    pub(crate) fn epoch(&self) -> u64 {
        self.memory().epoch
    }

    /// Lets the party in from memory. Not when somebody was forgotten since the caller looked: it may have been this one.
    pub(crate) fn remember(&self, credential: &Credential, epoch: u64) {
        let mut memory = self.memory();
        if memory.epoch != epoch {
            return;
        }
        if memory.admitted.len() >= REMEMBERED_MAX {
            memory.admitted.clear();
        }
        memory.admitted.entry(credential.identity.clone()).or_default().insert(credential.issued_at);
    }

    /// When there are too many, the database says again who waits.
    fn remember_waiting(&self, credential: &Credential, noted: Noted, epoch: u64) {
        let mut memory = self.memory();
        let has_room = u64::try_from(memory.waiting.len()).unwrap_or(u64::MAX) < quarantine::MEMBERS_MAX;
        if memory.epoch == epoch && has_room {
            memory.waiting.insert(credential.identity.clone(), noted);
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    /// Not when it is to be taken down again: an hour later, or with a name that isn't known yet.
    fn knows_as_waiting(&self, credential: &Credential, is_named: bool, now: Timestamp) -> bool {
        let noted = self.waiting.get(&credential.identity);
        noted.is_some_and(|noted| (noted.is_named || !is_named) && (noted.at..noted.at + HEAR_EVERY).contains(&now))
    }

    fn admits(&self, credential: &Credential) -> bool {
        self.admitted.get(&credential.identity).is_some_and(|issued| issued.contains(&credential.issued_at))
    }
}

/// What the database says, which learns of one that the site has forgotten.
async fn look_up(site: &Site, credential: &Credential, name: Option<&Name>) -> Result<Standing, StoreError> {
    if find(site, credential).await? {
        return Ok(Standing::Admitted);
    }
    if !is_forgotten(site, credential).await? {
        return Ok(Standing::ShutOut);
    }
    quarantine::hear(site, credential, name).await?;
    Ok(Standing::Waiting)
}

async fn find(site: &Site, credential: &Credential) -> Result<bool, StoreError> {
    let mut snapshot = site.db().read().await?;
    match &credential.identity {
        Identity::Device(id) => device::is_enrolled(&mut snapshot, *id).await,
        Identity::Point(name) => {
            let enrolled_at = point::find(&mut snapshot, name).await?.and_then(|point| point.enrolled_at);
            Ok(enrolled_at.is_some_and(|enrolled_at| credential.issued_at >= to_the_second(enrolled_at)))
        }
        Identity::Site => Ok(false),
    }
}

/// Whether the site may have forgotten the party: it isn't in the database at all, though its certificate was issued between the copy
/// from which the site went on and its return.
async fn is_forgotten(site: &Site, credential: &Credential) -> Result<bool, StoreError> {
    let mut snapshot = site.db().read().await?;
    let member = match &credential.identity {
        Identity::Device(id) if device::find(&mut snapshot, *id).await?.is_none() => id.to_string(),
        // A point that is there and whose certificate doesn't count was enrolled again since.
        Identity::Point(name)
            if point::find(&mut snapshot, name).await?.is_none_or(|point| point.enrolled_at.is_none()) =>
        {
            name.to_string()
        }
        _ => return Ok(false),
    };
    let eras = dray_store::history::eras(&mut snapshot).await?;
    if !may_be_forgotten(&eras, credential.issued_at, site.now()) {
        return Ok(false);
    }
    let member = member.parse().expect("ids and names have the form of names");
    Ok(!dray_store::quarantine::is_refused(&mut snapshot, &member).await?)
}

fn to_the_second(at: Timestamp) -> Timestamp {
    Timestamp::from_secs(at.micros().div_euclid(1_000_000))
}

#[cfg(test)]
mod tests {
    use dray_store::feed::Scope;

    use dray_model::ObjectKind;

    use super::*;
    use crate::actor::{Actor, Permission};
    use crate::random;
    use crate::testing;

    fn shows(identity: Identity) -> Credential {
        Credential { identity, issued_at: Timestamp::from_secs(1000) }
    }

    async fn device(site: &Site) -> Credential {
        let id = random::device_id();
        let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Device)).await.unwrap();
        let now = change.now();
        device::insert(&mut change, id, &"pc".parse().unwrap(), now).await.unwrap();
        change.commit_unrecorded().await.unwrap();
        shows(Identity::Device(id))
    }

    async fn revoke(site: &Site, credential: &Credential) {
        let Identity::Device(id) = &credential.identity else { panic!("not a device") };
        let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Device)).await.unwrap();
        let now = change.now();
        device::revoke(&mut change, *id, now).await.unwrap();
        change.concerns(Scope::DeviceShutOut(*id));
        change.commit_unrecorded().await.unwrap();
    }

    #[tokio::test]
    async fn a_device_is_let_in_until_it_is_revoked() {
        let test = testing::site().await;
        let (site, identity) = (&test.site, device(&test.site).await);
        for _ in 0..2 {
            assert!(site.admission().admits(site, &identity).await.unwrap());
        }
        revoke(site, &identity).await;
        assert!(!site.admission().admits(site, &identity).await.unwrap());
    }

    #[tokio::test]
    async fn a_revocation_by_another_process_is_noticed() {
        let test = testing::site().await;
        let other = Site::open(&test.made.dir).await.unwrap();
        let identity = device(&test.site).await;
        assert!(test.site.admission().admits(&test.site, &identity).await.unwrap());
        revoke(&other, &identity).await;
        test.site.feed().look_now();
        assert!(!test.site.admission().admits(&test.site, &identity).await.unwrap());
    }

    #[tokio::test]
    async fn whoever_is_not_enrolled_is_not_let_in() {
        let test = testing::site().await;
        for identity in
            [Identity::Device(random::device_id()), Identity::Point("berlin".parse().unwrap()), Identity::Site]
        {
            let admitted = test.site.admission().admits(&test.site, &shows(identity.clone())).await.unwrap();
            assert!(!admitted, "{identity}");
        }
    }

    #[tokio::test]
    async fn a_certificate_from_before_the_point_s_enrolment_does_not_count() {
        let test = testing::site().await;
        let name: dray_model::Name = "berlin".parse().unwrap();
        let url = "https://point.example:8443".to_owned();
        let point = dray_model::api::point::CreatePoint { name: name.clone(), title: dray_model::Text::default(), url };
        crate::point::create(&test.site, &Actor::System, point).await.unwrap();
        let mut change = test.site.change(&Actor::System, Permission::Manage(ObjectKind::Point)).await.unwrap();
        point::enrolled(&mut change, &name, Timestamp::from_micros(1_000_500_000)).await.unwrap();
        change.commit_unrecorded().await.unwrap();
        for (issued_s, counts) in [(999, false), (1000, true), (2000, true)] {
            let credential =
                Credential { identity: Identity::Point(name.clone()), issued_at: Timestamp::from_secs(issued_s) };
            assert_eq!(test.site.admission().admits(&test.site, &credential).await.unwrap(), counts, "{issued_s}");
        }
    }

    #[tokio::test]
    async fn what_was_found_before_a_revocation_is_not_remembered_after_it() {
        let test = testing::site().await;
        let (admission, identity) = (test.site.admission(), device(&test.site).await);
        let epoch = admission.memory().epoch;
        admission.forget_all();
        admission.remember(&identity, epoch);
        assert!(admission.memory().admitted.is_empty());
    }
}
