//! A point that is stopped in the middle of a transfer goes on where it was.

use crate::server::{self, Then};
use crate::world::{World, is_installed};

#[tokio::test]
async fn a_transfer_that_was_killed_goes_on_from_what_had_come() {
    let world = World::with_point().await;
    let ingested = world.publish(1, 5_000_000);
    let pack = &ingested.packs[0];
    let path = format!("packs/{}", pack.digest);
    world.assign(&[&ingested]);
    world.answer_objects(move |request, bytes| {
        let (start, end) = server::asked(request).unwrap();
        if !request.uri().path().contains("/packs/") {
            return server::object(request, bytes);
        }
        let mut answer = server::broken(206, vec![bytes.slice(start..3_000_000)], Then::Hang);
        answer.headers_mut().insert("content-range", server::content_range(start, end, bytes.len()));
        answer
    });
    let point = world.start().await;
    let partial = world.point_folder().join("partial").join(path.replace('/', "-"));
    // All that came and fills whole writes is on disk: 2 MiB of 3 MB.
    while std::fs::metadata(&partial).map_or(0, |metadata| metadata.len()) < 2 << 20 {
        tokio::task::yield_now().await;
    }
    drop(point);
    // A write that was under way when the point was dropped may still come.
    let had = std::fs::metadata(&partial).unwrap().len() as usize;
    world.state.asked.lock().unwrap().clear();
    world.answer_objects(server::object);
    let point = started(&world).await;
    point.wait_until(is_installed).await;
    let asked = world.state.asked.lock().unwrap().clone();
    let [(object, (start, end))] = &asked[..] else { panic!("asked {asked:?}") };
    assert_eq!((object, *end), (&path, pack.size as usize));
    assert!((had..=3_000_000).contains(start), "asked from {start} with {had} bytes or more there");
    assert!(!partial.exists());
}

#[tokio::test]
async fn what_an_earlier_try_left_is_not_believed() {
    let world = World::with_point().await;
    let ingested = world.publish(1, 300_000);
    let pack = &ingested.packs[0];
    let partial = world.point_folder().join("partial").join(format!("packs-{}", pack.digest));
    std::fs::write(&partial, vec![7; 100_000]).unwrap();
    world.assign(&[&ingested]);
    let point = world.start().await;
    point.wait_until(is_installed).await;
    let of_pack: Vec<_> = world.state.asked.lock().unwrap().iter().skip(1).map(|(_, range)| range.0).collect();
    assert_eq!(of_pack, [100_000, 0]);
}

/// Starts the point once the one before has let go of the folder.
async fn started(world: &World) -> dray_point::RunningPoint {
    loop {
        match dray_point::Point::start(world.config()).await {
            Ok(point) => return point,
            Err(dray_point::PointError::InUse(_)) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}
