//! Laws of kept jobs, on both engines.

use std::time::Duration;

use super::*;
use crate::scope::Within;
use crate::testing::each_engine;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

fn id(number: u64) -> JobId {
    JobId::from_random(number)
}

fn job(number: u64, key: Option<&'static str>) -> NewJob<'static> {
    NewJob { id: id(number), kind: "distribute", key, payload: "{}", run_at: at(10), created_at: at(10) }
}

fn ask(owner: &'static str, secs: i64) -> Claim<'static> {
    Claim { owner, kinds: &["distribute"], limit: 10, lease: Duration::from_secs(60), now: at(secs) }
}

async fn claimed(tx: &mut WriteTx, ask: &Claim<'_>) -> Vec<JobId> {
    claim(tx, ask).await.unwrap().into_iter().map(|job| job.id).collect()
}

#[test]
fn a_second_waiting_job_with_the_same_key_is_folded_into_the_first() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        assert_eq!(enqueue(&mut tx, &job(1, Some("a"))).await.unwrap(), id(1));
        let earlier = NewJob { run_at: at(5), payload: "[1]", ..job(2, Some("a")) };
        assert_eq!(enqueue(&mut tx, &earlier).await.unwrap(), id(1));
        assert_eq!(waiting(&mut tx, "distribute", "a").await.unwrap().as_deref(), Some("[1]"));
        assert_eq!(enqueue(&mut tx, &job(3, None)).await.unwrap(), id(3));
        assert_eq!(next_due(&mut tx).await.unwrap(), Some(at(5)));
        let first = &claim(&mut tx, &Claim { limit: 1, ..ask("w", 10) }).await.unwrap()[0];
        assert_eq!((first.id, first.payload.as_str(), first.attempts), (id(1), "[1]", 1));
        assert_eq!(waiting(&mut tx, "distribute", "a").await.unwrap(), None);
    });
}

#[test]
fn a_job_is_not_claimed_before_its_time_or_by_a_worker_that_cannot_do_it() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        enqueue(&mut tx, &job(1, None)).await.unwrap();
        assert_eq!(claimed(&mut tx, &ask("w", 9)).await, []);
        assert_eq!(claimed(&mut tx, &Claim { kinds: &["other"], ..ask("w", 10) }).await, []);
        assert_eq!(claimed(&mut tx, &ask("w", 10)).await, [id(1)]);
        assert_eq!(claimed(&mut tx, &ask("x", 10)).await, []);
    });
}

#[test]
fn jobs_with_the_same_key_never_run_side_by_side() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        enqueue(&mut tx, &job(1, Some("a"))).await.unwrap();
        assert_eq!(claimed(&mut tx, &ask("w", 10)).await, [id(1)]);
        assert_eq!(enqueue(&mut tx, &job(2, Some("a"))).await.unwrap(), id(2));
        assert_eq!(claimed(&mut tx, &ask("x", 11)).await, []);
        assert!(finish(&mut tx, id(1), "w", Outcome::Done, at(12)).await.unwrap());
        assert_eq!(claimed(&mut tx, &ask("x", 13)).await, [id(2)]);
    });
}

#[test]
fn a_lost_lease_moves_the_job_and_silences_its_former_worker() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        enqueue(&mut tx, &job(1, Some("a"))).await.unwrap();
        claimed(&mut tx, &ask("w", 10)).await;
        assert!(renew(&mut tx, id(1), "w", at(80), None).await.unwrap());
        assert_eq!(claimed(&mut tx, &ask("x", 79)).await, []);
        assert_eq!(claimed(&mut tx, &ask("x", 80)).await, [id(1)]);
        assert!(!renew(&mut tx, id(1), "w", at(99), None).await.unwrap());
        assert!(!finish(&mut tx, id(1), "w", Outcome::Done, at(81)).await.unwrap());
        assert_eq!(find(&mut tx, id(1)).await.unwrap().unwrap().attempts, 2);
    });
}

#[test]
fn a_retry_waits_and_gives_way_to_a_waiting_twin() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        enqueue(&mut tx, &job(1, Some("a"))).await.unwrap();
        claimed(&mut tx, &ask("w", 10)).await;
        let retry = Outcome::Retry { at: at(20), error: "disk full" };
        assert!(finish(&mut tx, id(1), "w", retry, at(11)).await.unwrap());
        let waiting = find(&mut tx, id(1)).await.unwrap().unwrap();
        assert_eq!(
            (waiting.state, waiting.run_at, waiting.error.as_deref()),
            (JobState::Queued, at(20), Some("disk full"))
        );
        claimed(&mut tx, &ask("w", 20)).await;
        enqueue(&mut tx, &job(2, Some("a"))).await.unwrap();
        assert!(finish(&mut tx, id(1), "w", retry, at(21)).await.unwrap());
        assert_eq!(find(&mut tx, id(1)).await.unwrap().unwrap().state, JobState::Cancelled);
    });
}

#[test]
fn progress_is_kept_and_old_ends_are_forgotten() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        enqueue(&mut tx, &job(1, None)).await.unwrap();
        enqueue(&mut tx, &job(2, None)).await.unwrap();
        claimed(&mut tx, &Claim { limit: 1, ..ask("w", 10) }).await;
        let progress = dray_model::api::job::JobProgress { step: "hashing".into(), done: 1, total: Some(2) };
        renew(&mut tx, id(1), "w", at(99), Some(&progress)).await.unwrap();
        renew(&mut tx, id(1), "w", at(100), None).await.unwrap();
        assert_eq!(find(&mut tx, id(1)).await.unwrap().unwrap().progress, Some(progress));
        finish(&mut tx, id(1), "w", Outcome::Failed { error: "no" }, at(30)).await.unwrap();
        assert!(cancel(&mut tx, id(2), at(40)).await.unwrap());
        assert!(!cancel(&mut tx, id(2), at(41)).await.unwrap());
        assert_eq!(forget(&mut tx, at(40)).await.unwrap(), 1);
        assert_eq!(find(&mut tx, id(1)).await.unwrap(), None);
    });
}

#[test]
fn jobs_are_listed_newest_first_in_pages_and_by_state() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        for number in 1..=3 {
            enqueue(&mut tx, &job(number, None)).await.unwrap();
        }
        let first = list(&mut tx, Within::default(), None, &PageRequest::new(Some(2), None)).await.unwrap();
        let second =
            list(&mut tx, Within::default(), None, &PageRequest::new(Some(2), first.next.clone())).await.unwrap();
        let ids: Vec<JobId> = first.items.iter().chain(&second.items).map(|job| job.id).collect();
        assert_eq!(ids, [id(3), id(2), id(1)]);
        let done = list(&mut tx, Within::default(), Some(JobState::Done), &PageRequest::default()).await.unwrap();
        assert_eq!(done.items, []);
    });
}
