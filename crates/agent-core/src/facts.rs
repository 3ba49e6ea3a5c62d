//! What is known of the device, and how fresh it is.
//!
//! Freshness goes by tickets, not by the clock: facts answer a need when they were begun after it arose. Nothing of this is
//! persisted; after a restart facts are collected again.

use std::sync::Arc;
use std::time::Duration;

use dray_model::facts::Facts;
use dray_model::{Name, Timestamp};

use crate::condition::Subject;
use crate::pause::Pause;

#[derive(Debug, Default)]
pub(crate) struct FactsBook {
    known: Option<Subject>,
    issued: u64,
    answered: u64,
    rest: Option<Pause>,
}

impl FactsBook {
    /// The device as it was last seen.
    pub(crate) fn known(&self) -> Option<&Subject> {
        self.known.as_ref()
    }

    /// Asks for facts that are begun from now on; gives the ticket that they will carry.
    pub(crate) fn order(&mut self) -> u64 {
        self.issued += 1;
        self.issued
    }

    /// Whether facts of this ticket or a later one are here.
    pub(crate) fn has(&self, ticket: u64) -> bool {
        self.answered >= ticket
    }

    /// The newest ticket, while it is unanswered.
    pub(crate) fn open_ticket(&self) -> Option<u64> {
        (self.issued > self.answered).then_some(self.issued)
    }

    /// Takes facts in. Older ones than those known, or such as nobody asked for, change nothing.
    pub(crate) fn taken(&mut self, ticket: u64, facts: Arc<Facts>, device: &Name, interval_s: u32, now: Timestamp) {
        if ticket <= self.answered || ticket > self.issued {
            return;
        }
        self.known = Some(Subject::new(device.clone(), facts));
        self.answered = ticket;
        self.rest = Some(Pause::new(now, Duration::from_secs(interval_s.into())));
    }

    /// Orders an inventory when its time has come and none is under way.
    pub(crate) fn keep_current(&mut self, now: Timestamp) {
        if self.open_ticket().is_none() && self.rest.is_none_or(|rest| rest.is_over(now)) {
            self.order();
        }
    }

    /// When the next inventory is due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.rest.map(Pause::until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + secs)
    }

    fn taken(book: &mut FactsBook, ticket: u64, secs: i64) {
        book.taken(ticket, Arc::default(), &"pc".parse().unwrap(), 3600, at(secs));
    }

    #[test]
    fn facts_begun_before_the_need_arose_do_not_answer_it() {
        let mut book = FactsBook::default();
        let before = book.order();
        let need = book.order();
        taken(&mut book, before, 0);
        assert!(!book.has(need));
        assert_eq!(book.open_ticket(), Some(need));
        taken(&mut book, need, 0);
        assert!(book.has(need) && book.open_ticket().is_none());
    }

    #[test]
    fn an_inventory_is_taken_at_its_interval_and_one_at_a_time() {
        let mut book = FactsBook::default();
        book.keep_current(at(0));
        book.keep_current(at(1));
        assert_eq!(book.open_ticket(), Some(1));
        taken(&mut book, 1, 2);
        book.keep_current(at(3601));
        assert_eq!(book.open_ticket(), None);
        assert_eq!(book.next(), Some(at(3602)));
        book.keep_current(at(3602));
        assert_eq!(book.open_ticket(), Some(2));
    }

    #[test]
    fn facts_that_nobody_asked_for_are_ignored() {
        let mut book = FactsBook::default();
        taken(&mut book, 7, 0);
        assert!(book.known().is_none());
    }
}
