//! The explanation agrees with the decision.

use dray_agent_core::ContentFailureKind;
use dray_model::advertisement::Assignment::{AsSoonAsPossible, At};
use dray_model::api::why::{Why, WhyHolds, WhyStage};

use crate::site::{content, expression, name, program, terms};
use crate::world::{DAY, HOUR, World, at};

fn why(world: &World) -> Why {
    let mut answers = world.agent.why(world.now, None, &name("install"));
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

fn first_obstacle(why: &Why) -> (WhyStage, &str) {
    let link = why.chains[0].links.iter().find(|link| matches!(link.holds, WhyHolds::No | WhyHolds::Waiting));
    link.map(|link| (link.link, link.code.as_str())).expect("something in the way")
}

#[test]
fn the_chain_names_what_stands_in_the_way() {
    let mut world = World::new();
    world.site.release("editor", 1, Some(content("editor", 1)), &[program("install")]);
    world.site.advertise("editor", 1, at(0), terms("editor", "install", &[At { time: at(DAY) }]));
    world.content_faults = vec![ContentFailureKind::NoSource; 3];
    world.send_policy();
    world.live(8);
    assert_eq!(first_obstacle(&why(&world)), (WhyStage::Time, "not_assigned_yet"));
    assert!(why(&world).chains[0].links.iter().any(|link| link.code == "no_source" && link.next.is_some()));
    world.live(2 * HOUR);
    let links = why(&world).chains.remove(0).links;
    assert_eq!(links.iter().find(|link| link.link == WhyStage::Time).unwrap().next, Some(at(DAY)));
    assert_eq!(links.iter().find(|link| link.link == WhyStage::Content).unwrap().code, "delivered");
    world.live(2 * DAY);
    assert!(why(&world).chains[0].links.iter().all(|link| link.holds == WhyHolds::Yes));
    assert_eq!(why(&world).answer, "the program ended with exit code 0");
}

#[test]
fn a_requirement_that_is_not_met_is_the_answer() {
    let mut world = World::new();
    let mut install = program("install");
    install.requirement = Some(expression("platform == \"windows\""));
    world.site.release("editor", 1, None, &[install]);
    world.site.advertise("editor", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(60);
    assert_eq!(first_obstacle(&why(&world)), (WhyStage::Requirements, "requirement_not_met"));
    assert!(why(&world).answer.contains("platform == \"windows\""));
}

#[test]
fn what_nothing_advertises_has_an_answer_too() {
    let mut world = World::new();
    assert!(world.agent.why(world.now, None, &name("install")).is_empty());
    let editor = name("editor");
    let answer = |world: &World| world.agent.why(world.now, Some(&editor), &name("install")).remove(0).answer;
    assert!(answer(&world).contains("is not advertised"));
    world.site.release("editor", 1, None, &[program("install")]);
    world.site.advertise("editor", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(60);
    world.site.withdraw("editor");
    world.send_policy();
    assert!(answer(&world).contains("release 1.1 ran and succeeded"));
}
