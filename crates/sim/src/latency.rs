//! Many durations in four numbers.

use std::time::Duration;

use serde::Serialize;

/// Durations in seconds. All are 0 when there were none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Latency {
    /// How many there were.
    pub count: usize,
    /// The shortest.
    pub least_s: f64,
    /// Half are shorter.
    pub median_s: f64,
    /// 95 of 100 are shorter.
    pub p95_s: f64,
    /// The longest.
    pub most_s: f64,
}

impl Latency {
    /// Of these durations, in any order.
    #[must_use]
    pub fn of(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        let Some(last) = durations.len().checked_sub(1) else { return Self::default() };
        let at = |hundredths: usize| durations[last * hundredths / 100].as_secs_f64();
        Self { count: durations.len(), least_s: at(0), median_s: at(50), p95_s: at(95), most_s: at(100) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_are_those_of_the_sorted_durations() {
        let latency = Latency::of((0..=100).rev().map(Duration::from_secs).collect());
        let expected = Latency { count: 101, least_s: 0.0, median_s: 50.0, p95_s: 95.0, most_s: 100.0 };
        assert_eq!(latency, expected);
        assert_eq!(Latency::of(Vec::new()), Latency::default());
    }
}
