//! Laws of the job runner: leases, tries, progress and a clean stop.

use dray_model::ObjectKind;
use dray_model::Timestamp;
use dray_model::api::job::JobState;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::*;
use crate::actor::{Actor, Permission};
use crate::job::JobKind;
use crate::testing;

#[derive(Serialize, Deserialize)]
struct Number(u32);

struct Tell(mpsc::UnboundedSender<u32>);

impl JobKind for Tell {
    const KIND: &'static str = "tell";
    type Payload = Number;

    async fn run(&self, _: &Site, Number(number): Number, progress: &Progress) -> Result<(), JobFailure> {
        progress.tell("telling", 1, Some(1));
        self.0.send(number).unwrap();
        if number == 0 { Err(JobFailure::Final("zero".into())) } else { Ok(()) }
    }
}

async fn ask(site: &Site, number: u32) -> dray_model::JobId {
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Job)).await.unwrap();
    let id = change.enqueue::<Tell>(None, &Number(number)).await.unwrap();
    change.commit_unrecorded().await.unwrap();
    id
}

#[tokio::test]
async fn a_job_runs_once_when_its_change_is_committed_and_a_final_failure_stays() {
    let test = testing::site().await;
    let (sender, mut told) = mpsc::unbounded_channel();
    let runner = Runner::start(test.site.clone(), crate::job::registry().with(Tell(sender)));
    let good = ask(&test.site, 7).await;
    assert_eq!(told.recv().await, Some(7));
    let bad = ask(&test.site, 0).await;
    assert_eq!(told.recv().await, Some(0));
    let ended = async |id| loop {
        let job = crate::job::find(&test.site, &Actor::System, id).await.unwrap();
        if job.state.is_final() {
            return job;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(ended(good).await.state, JobState::Done);
    let failed = ended(bad).await;
    assert_eq!((failed.state, failed.error.as_deref(), failed.attempts), (JobState::Failed, Some("zero"), 1));
    runner.stop().await;
    assert!(told.try_recv().is_err());
}

async fn claim(site: &Site, owner: &str) -> Vec<ClaimedJob> {
    let mut tx = site.db().write_beside_others().await.unwrap();
    let claim = Claim { owner, kinds: &[Tell::KIND], limit: 9, lease: LEASE, now: Timestamp::from_secs(2_000_000_000) };
    let jobs = job::claim(&mut tx, &claim).await.unwrap();
    tx.commit().await.unwrap();
    jobs
}

#[tokio::test]
async fn what_a_killed_process_left_is_taken_back_by_the_next_at_once() {
    let test = testing::site().await;
    let now = Timestamp::from_secs(2_000_000_000);
    let site = Site::open_with_clock(test.site.dir(), Arc::new(move || now)).await.unwrap();
    let (killed, _) = Owner::succeed(site.dir());
    let name = killed.name().to_owned();
    ask(&site, 7).await;
    assert_eq!(claim(&site, &name).await.len(), 1);
    let (_beside, nobody) = Owner::succeed(site.dir());
    assert_eq!(nobody, None, "a process that lives was taken for a killed one");
    drop(killed);
    let (owner, former) = Owner::succeed(site.dir());
    assert_eq!(former, Some(name.clone()));
    let worker = Worker { site: site.clone(), registry: Registry::default(), owner: Arc::new(owner) };
    assert!(claim(&site, worker.owner.name()).await.is_empty());
    worker.take_back(&name).await;
    assert_eq!(claim(&site, worker.owner.name()).await[0].attempts, 2);
}
