//! Whether what somebody holds fits the site's eras. Pure.
//!
//! A policy of era `e` has a number from the sequence of `e` on, below that of the era after it. One that says otherwise was signed in a
//! history that the database doesn't have, unless a return that began above its number explains it.

use dray_model::history::Holds;
use dray_store::history::Era;

/// Whether what is held was signed in a history that these eras, up to the sequence `newest`, don't have. O(eras).
pub(super) fn contradicts(eras: &[Era], newest: i64, holds: Holds) -> bool {
    let Ok(number) = i64::try_from(holds.number) else { return true };
    if eras.iter().any(|era| era.returned.is_some() && era.sequence > number) {
        return false;
    }
    if number > newest {
        return true;
    }
    let Some(era) = holds.era else { return false };
    match eras.iter().position(|known| known.id == era) {
        Some(place) => eras.get(place + 1).is_some_and(|next| number >= next.sequence),
        // Of what came before the first era that is remembered nothing is known.
        None => eras.first().is_some_and(|first| number >= first.sequence),
    }
}

#[cfg(test)]
mod tests {
    use dray_model::{EraId, Timestamp};
    use dray_store::history::Return;

    use super::*;

    fn era(id: u64, sequence: i64, is_return: bool) -> Era {
        let at = Timestamp::from_secs(sequence);
        let returned = is_return.then(|| Return { copied_at: at, cause: String::new() });
        Era { id: EraId::from_random(id), sequence, began_at: at, returned }
    }

    fn holds(number: u64, era: Option<u64>) -> Holds {
        Holds { number, era: era.map(EraId::from_random) }
    }

    #[test]
    fn what_was_signed_here_fits() {
        let eras = [era(1, 10, false), era(2, 20, false)];
        for (number, era) in [(10, 1), (19, 1), (20, 2), (25, 2)] {
            assert!(!contradicts(&eras, 25, holds(number, Some(era))), "{number} of {era}");
        }
        assert!(!contradicts(&eras, 25, holds(5, Some(9))), "an era that is forgotten");
        assert!(!contradicts(&eras, 25, holds(25, None)));
    }

    #[test]
    fn what_the_database_has_forgotten_does_not() {
        // A copy made at 15: the original went on to 19 in era 1, and the copy began era 2 at 16.
        let eras = [era(1, 10, false), era(2, 16, false)];
        assert!(contradicts(&eras, 16, holds(19, Some(1))), "above all numbers");
        assert!(contradicts(&eras, 30, holds(19, Some(1))), "the copy has come by since");
        assert!(contradicts(&eras, 30, holds(22, Some(7))), "an era that only the original had");
        assert!(contradicts(&eras, 30, holds(u64::MAX, None)));
    }

    #[test]
    fn a_return_explains_all_below_it() {
        let eras = [era(1, 10, false), era(2, 16, false), era(3, 1000, true)];
        for (number, era) in [(19, 1), (22, 7), (999, 9)] {
            assert!(!contradicts(&eras, 1001, holds(number, Some(era))), "{number} of {era}");
        }
        assert!(contradicts(&eras, 1001, holds(1002, Some(9))), "the next time");
    }
}
