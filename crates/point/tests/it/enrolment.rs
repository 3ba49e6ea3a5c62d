//! From a token to a point.

use dray_client::HttpLimits;
use dray_point::{PointError, enrol};

use crate::world::World;

#[tokio::test]
async fn a_folder_is_one_point_once_and_for_all() {
    let world = World::with_point().await;
    let again = enrol::enrol(&world.point_folder(), &world.site.url, &world.token(), HttpLimits::default()).await;
    assert!(matches!(again, Err(PointError::AlreadyEnrolled { name, .. }) if name.as_str() == "berlin"));
}

#[tokio::test]
async fn a_folder_without_identity_is_no_point() {
    let world = World::new().await;
    let started = dray_point::Point::start(world.config()).await;
    assert!(matches!(started, Err(PointError::NotEnrolled(_))));
    assert!(!world.point_folder().exists());
}

#[tokio::test]
async fn a_damaged_identity_is_refused_and_left_as_it_is() {
    let world = World::with_point().await;
    let path = world.point_folder().join("identity/identity.json");
    let good = std::fs::read_to_string(&path).unwrap();
    let newer = good.replacen("\"format\": 1", "\"format\": 2", 1);
    let without_key = good.replacen("PRIVATE KEY", "PRIVATE", 1);
    assert!(newer != good && without_key != good);
    for (damaged, named) in [("", true), (&good[..good.len() / 2], true), (&newer, true), (&without_key, false)] {
        std::fs::write(&path, damaged).unwrap();
        let refused = dray_point::Point::start(world.config()).await.err().unwrap();
        let names_it = matches!(&refused, PointError::Damaged { path: told, .. } if *told == path);
        assert_eq!(names_it, named, "{refused}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), damaged);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_key_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::with_point().await;
    let identity = world.point_folder().join("identity/identity.json");
    assert_eq!(std::fs::metadata(identity).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_at_once() {
    let world = World::with_point().await;
    let mut config = world.config();
    config.listen = world.site.url.as_str().trim_start_matches("https://").parse().unwrap();
    let started = dray_point::Point::start(config).await;
    assert!(matches!(started, Err(PointError::Listen { .. })));
}
