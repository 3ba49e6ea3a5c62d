//! The load process's commands, as a benchmark gives them.

use dray_sim::fill::fill;
use dray_sim::load::Load;
use serde_json::{Value, json};

use crate::site::{Server, advertisement};

async fn done(load: &mut Load, command: Value) -> Value {
    let answer: Value = serde_json::from_str(&load.answer(&command.to_string()).await).unwrap();
    assert!(answer["error"].is_null(), "{command}: {answer}");
    answer["done"].clone()
}

#[tokio::test]
async fn a_run_from_enrolment_to_status() {
    let server = Server::start().await.with_marked().await;
    let mut load = Load::new(server.client_url(), server.administrator.clone(), 1);
    let token = server.token(8).await;
    done(&mut load, json!({ "do": "enrol", "token": token, "devices": 8 })).await;
    done(&mut load, json!({ "do": "facts", "devices": 8 })).await;
    assert_eq!(done(&mut load, json!({ "do": "poll", "devices": 8, "times": 3 })).await["unchanged"], 16);
    assert_eq!(done(&mut load, json!({ "do": "hold", "devices": 8 })).await["devices"], 8);
    let quiet = done(&mut load, json!({ "do": "change", "first": 0, "devices": 3, "what": "disk" })).await;
    assert_eq!((&quiet["wait"]["count"], &quiet["others"]), (&json!(3), &json!(0)));
    let loud = done(&mut load, json!({ "do": "change", "first": 3, "devices": 2, "what": "membership" })).await;
    assert_eq!((&loud["wait"]["count"], &loud["others"]), (&json!(2), &json!(0)));
    let order = advertisement("for-all", "all-devices");
    let wave = done(&mut load, json!({ "do": "advertise", "advertisement": order, "within_s": 30 })).await;
    assert_eq!(wave["policies"]["count"], 8);
    done(&mut load, json!({ "do": "release" })).await;
    let subject = json!({ "advertisement": "for-all", "package": "tool", "program": "install" });
    let said = done(&mut load, json!({ "do": "arrive", "devices": 8, "subjects": [subject] })).await;
    assert_eq!(said["kept"], 8);
}

#[tokio::test]
async fn a_command_that_makes_no_sense_is_refused_and_the_next_one_is_heard() {
    let server = Server::start().await;
    let mut load = Load::new(server.client_url(), server.administrator.clone(), 1);
    for refused in [r#"{"do":"dance"}"#, r#"{"do":"hold"}"#, "no json"] {
        let answer: Value = serde_json::from_str(&load.answer(refused).await).unwrap();
        assert!(answer["error"].as_str().unwrap().contains("not a command"), "{answer}");
    }
    let early = json!({ "do": "change", "first": 0, "devices": 1, "what": "disk" }).to_string();
    assert!(load.answer(&early).await.contains("no device holds a request"));
    done(&mut load, json!({ "do": "release" })).await;
}

#[tokio::test]
async fn devices_in_bulk_are_members_like_others() {
    let server = Server::start().await;
    let database = format!("sqlite:{}", server.test.site.dir().join("dray.db").display());
    fill(&database, 4400).await.unwrap();
    server.administrator.evaluate_collection(&"all-devices".parse().unwrap()).await.unwrap();
    let mut load = Load::new(server.client_url(), server.administrator.clone(), 1);
    let pages = done(&mut load, json!({ "do": "members", "collection": "all-devices", "pages": 4 })).await;
    assert_eq!(pages["pages"]["count"], 4);
    assert!(fill(&database, 1).await.is_err(), "they are already there");
}
