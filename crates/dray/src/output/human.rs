//! Quantities as people read them. JSON and YAML carry the plain numbers and RFC 3339 in UTC instead.

use std::time::Duration;

use dray_model::count::counted;
use dray_model::{Size, Timestamp};
use jiff::tz::TimeZone;

/// A size with a binary unit: `512 B`, `1.5 MiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    Size(bytes).to_string()
}

/// A number of things: `1 device`, `3 devices`.
pub(crate) fn count(number: u64, noun: &'static str) -> String {
    counted(number, noun).to_string()
}

/// A duration: `830 ms`, `4.2 s`, `3 min 10 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        1..=59 => format!("{:.1} s", duration.as_secs_f64()),
        60..=3599 => format!("{} min {} s", duration.as_secs() / 60, duration.as_secs() % 60),
        _ => format!("{} h {} min", duration.as_secs() / 3600, duration.as_secs() / 60 % 60),
    }
}

/// An instant in local time with its offset: `2026-11-22 18:05:00+01`.
pub(crate) fn time(instant: Timestamp) -> String {
    time_in(instant, TimeZone::system())
}

/// A sentence of the site with its instants in local time. What stands in quotes is somebody's word and stays.
pub(crate) fn local_times(sentence: &str) -> String {
    local_times_in(sentence, &TimeZone::system())
}

fn local_times_in(sentence: &str, zone: &TimeZone) -> String {
    let local = |word: &str| {
        let text = word.trim_end_matches([',', ';', '.', ')']);
        let instant: Timestamp = text.strip_suffix('Z').and_then(|_| text.parse().ok())?;
        Some(format!("{}{}", time_in(instant, zone.clone()), &word[text.len()..]))
    };
    let words: Vec<_> = sentence.split(' ').map(|word| local(word).unwrap_or_else(|| word.to_owned())).collect();
    words.join(" ")
}

/// An instant that may not have come.
pub(crate) fn time_or_dash(instant: Option<Timestamp>) -> String {
    instant.map_or_else(|| "-".to_owned(), time)
}

fn time_in(instant: Timestamp, zone: TimeZone) -> String {
    match jiff::Timestamp::from_microsecond(instant.micros()) {
        Ok(instant) => instant.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S%:::z").to_string(),
        Err(_) => instant.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_carry_their_offset() {
        let instant = "2026-11-22T17:05:00Z".parse().unwrap();
        let berlin = TimeZone::fixed(jiff::tz::offset(1));
        assert_eq!(time_in(instant, berlin), "2026-11-22 18:05:00+01");
    }

    #[test]
    fn a_sentence_tells_local_times_and_repeats_what_is_quoted() {
        let berlin = TimeZone::fixed(jiff::tz::offset(1));
        let sentence = "it has policy 2 of 2026-11-22T17:05:00.123456Z, not \"2026-11-22T17:05:00Z\"";
        let local = "it has policy 2 of 2026-11-22 18:05:00+01, not \"2026-11-22T17:05:00Z\"";
        assert_eq!(local_times_in(sentence, &berlin), local);
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let durations = [30, 4_200, 190_000, 7_260_000].map(|ms| seconds(Duration::from_millis(ms)));
        assert_eq!(durations, ["30 ms", "4.2 s", "3 min 10 s", "2 h 1 min"]);
    }
}
