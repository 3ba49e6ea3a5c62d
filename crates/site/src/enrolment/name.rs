//! A device's name: the slug of its host name, with a number where that is taken.

use std::collections::BTreeSet;

use dray_model::{DeviceId, Name};
use dray_store::{Snapshot, StoreError, device};

/// Longest slug, so that a number fits behind it.
const SLUG_MAX: usize = Name::MAX - 12;
/// For host names without a letter or digit.
const NAMELESS: &str = "device";

/// Names for devices that enrol together, which no other device has: `host`, or `host-2` and so on. One statement, unless names are
/// taken.
pub(crate) async fn free(snapshot: &mut Snapshot, host_names: &[&str]) -> Result<Vec<Name>, StoreError> {
    let slugs: Vec<_> = host_names.iter().map(|host_name| slug(host_name)).collect();
    let mut taken = device::taken(snapshot, &slugs.iter().map(|slug| numbered(slug, 1)).collect()).await?;
    let mut names = Vec::with_capacity(slugs.len());
    for slug in &slugs {
        let plain = numbered(slug, 1);
        let name = if taken.contains(&plain) { next(snapshot, slug, &taken).await? } else { plain };
        taken.insert(name.clone());
        names.push(name);
    }
    Ok(names)
}

/// The next number behind a slug that is taken.
async fn next(snapshot: &mut Snapshot, slug: &str, taken: &BTreeSet<Name>) -> Result<Name, StoreError> {
    let mut number = 2_u64;
    // Doubling finds a free number among thousands of clones of one image in a few steps; halving brings it near the others.
    while is_taken(snapshot, numbered(slug, number), taken).await? {
        number *= 2;
    }
    let (mut low, mut high) = (number / 2, number);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if is_taken(snapshot, numbered(slug, middle), taken).await? {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(numbered(slug, high))
}

async fn is_taken(snapshot: &mut Snapshot, name: Name, taken: &BTreeSet<Name>) -> Result<bool, StoreError> {
    Ok(taken.contains(&name) || !device::taken(snapshot, &BTreeSet::from([name])).await?.is_empty())
}

fn numbered(slug: &str, number: u64) -> Name {
    let text = if number == 1 { slug.to_owned() } else { format!("{slug}-{number}") };
    text.parse().expect("a slug of at most 52 characters and a number is a name")
}

/// The first label of the host name in the letters of a [`Name`]. Never the form of a device's id, which would name two devices.
fn slug(host_name: &str) -> String {
    let label = host_name.split('.').find(|label| !label.is_empty()).unwrap_or_default();
    let mut slug = String::new();
    for character in label.chars() {
        if slug.len() >= SLUG_MAX {
            break;
        }
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        return NAMELESS.to_owned();
    }
    if slug.parse::<DeviceId>().is_ok() {
        return format!("{NAMELESS}-{slug}");
    }
    slug.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dray_model::Timestamp;
    use proptest::prelude::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn a_host_name_becomes_a_slug() {
        for (host_name, expected) in [
            ("Kiosk-07", "kiosk-07"),
            ("pc1.example.com", "pc1"),
            ("-a__b-", "a-b"),
            ("Büro", "b-ro"),
            ("日本", "device"),
            ("", "device"),
            ("d-0123456789abc", "device-d-0123456789abc"),
        ] {
            assert_eq!(slug(host_name), expected, "{host_name}");
        }
    }

    proptest! {
        #[test]
        fn any_host_name_gives_a_name(host_name in "\\PC{0,300}") {
            let name = numbered(&slug(&host_name), u64::from(u32::MAX));
            prop_assert!(name.as_str().len() <= Name::MAX);
        }
    }

    #[test]
    fn a_taken_name_gets_the_next_number() {
        dray_store::testing::on_sqlite(async |db| {
            let mut tx = db.write().await.unwrap();
            let mut names = Vec::new();
            for (first, together) in [(0, 1), (1, 1), (2, 4), (6, 3)] {
                let found = free(&mut tx, &vec!["pc"; together]).await.unwrap();
                for (number, name) in (first..).zip(&found) {
                    let id = DeviceId::from_random(number);
                    device::insert(&mut tx, id, name, Timestamp::from_secs(1)).await.unwrap();
                }
                names.extend(found.iter().map(ToString::to_string));
            }
            assert_eq!(names, ["pc", "pc-2", "pc-3", "pc-4", "pc-5", "pc-6", "pc-7", "pc-8", "pc-9"]);
            assert_eq!(free(&mut tx, &["a", "PC", "A"]).await.unwrap(), ["a", "pc-10", "a-2"].map(name));
        });
    }
}
