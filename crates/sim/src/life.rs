//! The status messages of a device: one advertised program from its arrival to its end, over and over.
//!
//! A life has [`LIFE`] messages. How it ends follows from the device's number and the life's, so that counting states at
//! the end knows what must come out. Times are the simulation's own: a second for each message from [`BEGIN`] on.

use dray_model::package::ReleaseNumber;
use dray_model::program::ExitClass;
use dray_model::state::{ClientState, Reason, Standing};
use dray_model::status::{SourceBytes, StatusEvent, StatusMessage};
use dray_model::{Digest, Name, RunId, Timestamp};

use crate::random::Random;

/// Messages of one life.
pub const LIFE: u64 = 10;
/// When the first message was made: 2026-11-01T00:00:00Z.
const BEGIN: i64 = 1_793_491_200;
const RELEASE: ReleaseNumber = ReleaseNumber { source_version: 1, revision: 1 };

/// What the messages are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The advertisement.
    pub advertisement: Name,
    /// Its package.
    pub package: Name,
    /// Its program.
    pub program: Name,
}

/// How the life that ends with message `number` of a device ends.
#[must_use]
pub fn ending(device: u32, number: u64) -> ClientState {
    match Random::of(number, device).below(10) {
        0 => ClientState::Failed,
        1 => ClientState::RestartPending,
        _ => ClientState::Succeeded,
    }
}

/// Message `number` (from 1 on) of the device with the number `device`.
#[must_use]
pub fn message(device: u32, number: u64, subject: &Subject) -> StatusMessage {
    let state = |state, reason| state_of(number, subject, state, reason);
    let event = match (number - 1) % LIFE {
        0 => state(ClientState::Received, Some(Reason::AwaitingDocuments)),
        1 => state(ClientState::Scheduled, Some(Reason::NotAssignedYet)),
        2 => state(ClientState::Locating, Some(Reason::AskingForSources)),
        3 => state(ClientState::Downloading, Some(Reason::Fetching { done_bytes: 1 << 20, total_bytes: 1 << 24 })),
        4 => delivered(subject),
        5 => state(ClientState::Queued, None),
        6 => state(ClientState::Running, Some(Reason::Started)),
        7 => executed(device, number, subject),
        8 => verified(subject),
        _ => state(ending(device, number), None),
    };
    StatusMessage { number, at: at(number), event }
}

/// A message that the device is in `state` with the advertisement.
#[must_use]
pub fn arrival(number: u64, subject: &Subject, state: ClientState) -> StatusMessage {
    StatusMessage { number, at: at(number), event: state_of(number, subject, state, None) }
}

fn at(number: u64) -> Timestamp {
    Timestamp::from_secs(BEGIN.saturating_add_unsigned(number))
}

fn state_of(number: u64, subject: &Subject, state: ClientState, reason: Option<Reason>) -> StatusEvent {
    StatusEvent::State {
        advertisement: subject.advertisement.clone(),
        revision: 1,
        package: subject.package.clone(),
        release: RELEASE,
        program: subject.program.clone(),
        standing: Standing { state, reason, since: at(number), next: None },
    }
}

fn delivered(subject: &Subject) -> StatusEvent {
    StatusEvent::Delivered {
        package: subject.package.clone(),
        content: Digest::of(subject.package.as_str().as_bytes()),
        sources: vec![SourceBytes { source: "site".parse().expect("a slug"), bytes: 1 << 24 }],
        reused_bytes: 0,
        duration_ms: 4200,
    }
}

fn executed(device: u32, number: u64, subject: &Subject) -> StatusEvent {
    StatusEvent::Executed {
        run: RunId::from_random(Random::of(number, device).bits()),
        advertisement: subject.advertisement.clone(),
        package: subject.package.clone(),
        release: RELEASE,
        program: subject.program.clone(),
        exit_code: Some(0),
        class: ExitClass::Success,
        started_at: at(number - 1),
        duration_ms: 1000,
        output_tail: "unpacking\nconfiguring\n".repeat(8),
    }
}

fn verified(subject: &Subject) -> StatusEvent {
    StatusEvent::Verified {
        advertisement: subject.advertisement.clone(),
        package: subject.package.clone(),
        program: subject.program.clone(),
        present: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_ends_as_foretold() {
        let name = |text: &str| text.parse::<Name>().unwrap();
        let subject = Subject { advertisement: name("now"), package: name("zip"), program: name("install") };
        for number in [LIFE, 2 * LIFE, 3 * LIFE] {
            let StatusEvent::State { standing, .. } = message(7, number, &subject).event else { panic!("no state") };
            assert_eq!(standing.state, ending(7, number));
            assert!(standing.state.is_final());
        }
        assert!(matches!(message(7, 8, &subject).event, StatusEvent::Executed { .. }));
    }
}
