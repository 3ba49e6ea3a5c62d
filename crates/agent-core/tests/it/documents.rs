//! Documents that are missing or refused.

use dray_agent_core::{Effect, Event};
use dray_model::advertisement::Assignment::AsSoonAsPossible;
use dray_model::state::ClientState::{Succeeded, Waiting};

use crate::site::{name, program, terms};
use crate::world::{HOUR, World, at};

fn world() -> World {
    let mut world = World::new();
    world.site.release("editor", 1, None, &[program("install")]);
    world.site.release("viewer", 1, None, &[program("install")]);
    world
}

#[test]
fn a_document_is_asked_for_until_it_is_here() {
    let mut world = world();
    world.document_faults = vec![("no answer".into(), false); 6];
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(30);
    let missing = world.agent.policy().unwrap().missing_documents;
    assert!(missing.iter().any(|(_, error)| error.as_deref() == Some("no answer")));
    world.live(HOUR);
    assert_eq!(world.words("now").0, Succeeded);
}

#[test]
fn a_refused_release_is_a_reason_and_is_tried_again_in_half_an_hour() {
    let mut world = world();
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[AsSoonAsPossible]));
    // The last one is given first: the advertisement comes, its release does not.
    world.manual = true;
    world.send_policy();
    world.manual = false;
    for effect in world.effects.clone() {
        match effect {
            Effect::FetchDocument { digest, kind: dray_agent_core::DocumentKind::Release } => {
                world.handle(Event::DocumentFailed { digest, error: "signed by a stranger".into(), refused: true });
            }
            other => world.carry_out(other),
        }
    }
    world.live(60);
    assert_eq!(world.words("now"), (Waiting, "document_refused"));
    assert!(world.standing("now").next.is_some());
    world.live(HOUR);
    assert_eq!(world.words("now").0, Succeeded);
}

#[test]
fn an_edited_advertisement_does_not_run_by_its_former_terms() {
    let mut world = world();
    let mut late = terms("editor", "install", &[AsSoonAsPossible]);
    late.start = Some(at(HOUR));
    world.site.advertise("now", 1, at(0), late.clone());
    world.site.advertise("other", 1, at(0), terms("viewer", "install", &[AsSoonAsPossible]));
    world.send_policy();
    world.live(60);
    world.document_faults = vec![("no answer".into(), false); 12];
    late.start = Some(at(9 * HOUR));
    world.site.advertise("now", 2, at(60), late);
    world.send_policy();
    world.live_until(at(HOUR + 1));
    assert_eq!(world.words("now"), (Waiting, "awaiting_documents"));
    assert_eq!(world.words("other").0, Succeeded, "what is known goes on");
    world.live_until(at(10 * HOUR));
    assert_eq!(world.words("now").0, Succeeded);
    assert_eq!(world.starts.iter().filter(|spec| spec.advertisement == name("now")).count(), 1);
}

#[test]
fn an_edit_that_arrives_at_once_is_no_news_by_itself() {
    let mut world = world();
    world.site.advertise("now", 1, at(0), terms("editor", "install", &[]));
    world.send_policy();
    world.live(60);
    let told = world.outbox.len();
    world.site.advertise("now", 2, at(60), terms("editor", "install", &[]));
    world.send_policy();
    world.live(60);
    assert_eq!(world.outbox.len(), told);
}
