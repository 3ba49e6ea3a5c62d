//! Laws of states and reasons: what is written reads back, and what isn't known is kept.

use super::*;

#[test]
fn states_read_back_and_agree_with_json() {
    for state in ClientState::ALL {
        assert_eq!(state.as_str().parse(), Ok(state));
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
}

#[test]
fn reason_codes_agree_with_json() {
    let reasons = [
        Reason::NotStarted,
        Reason::RequirementNotMet { requirement: "false".into() },
        Reason::Fetching { done_bytes: 1, total_bytes: 2 },
        Reason::DiskFull { needed_bytes: 2, free_bytes: 1 },
        Reason::ContentUnsupported { requires: vec!["owners".into()] },
        Reason::RetryAsked { exit_code: 75, tries: 3 },
        Reason::RanBefore { succeeded: true },
        Reason::Withdrawn,
    ];
    for reason in reasons {
        assert_eq!(serde_json::to_value(&reason).unwrap()["code"], reason.code());
    }
}

#[test]
fn a_download_tells_its_bytes_and_reads_back_from_before_it_did() {
    let told = |json: &str| serde_json::from_str::<Reason>(json).unwrap().to_string();
    assert_eq!(told(r#"{"code":"fetching"}"#), "downloading content");
    let bytes = r#"{"code":"fetching","done_bytes":1572864,"total_bytes":3221225472}"#;
    assert_eq!(told(bytes), "downloading content: 1.5 MiB of 3.0 GiB");
    let Reason::Fetching { done_bytes, total_bytes } = serde_json::from_str(bytes).unwrap() else { panic!("{bytes}") };
    assert_eq!((done_bytes, total_bytes), (1_572_864, 3_221_225_472));
}

#[test]
fn a_reason_is_sent_with_its_sentence_and_read_by_its_code() {
    let value = serde_json::to_value(Reason::ExitCode { exit_code: 3 }).unwrap();
    let expected = serde_json::json!({
        "code": "exit_code", "exit_code": 3, "sentence": "the program ended with exit code 3",
    });
    assert_eq!(value, expected);
    let said_otherwise = serde_json::json!({ "code": "exit_code", "exit_code": 3, "sentence": "it failed", "x": [1] });
    assert_eq!(serde_json::from_value::<Reason>(said_otherwise).unwrap(), Reason::ExitCode { exit_code: 3 });
}

#[test]
fn a_reason_and_a_state_of_a_newer_client_are_kept_and_shown_as_they_came() {
    let json = serde_json::json!({
        "state": "on_hold", "since": "2027-01-01T00:00:00Z", "mood": "calm",
        "reason": { "code": "window_closed", "opens": "22:00", "sentence": "the maintenance window opens at 22:00" },
    });
    let standing: Standing = serde_json::from_value(json.clone()).unwrap();
    assert_eq!((standing.state.as_str(), standing.state.is_final()), ("on_hold", false));
    let reason = standing.reason.clone().unwrap();
    assert_eq!((reason.code(), reason.is_result()), ("window_closed", false));
    assert_eq!(reason.to_string(), "the maintenance window opens at 22:00");
    assert_eq!(serde_json::to_value(&reason).unwrap(), json["reason"]);
    assert_eq!(serde_json::to_value(&standing).unwrap()["state"], "on_hold");
}

#[test]
fn what_is_not_supported_names_the_feature_and_the_version_that_brings_it() {
    let reason = |needs_version: Option<&str>| {
        let (agent_version, feature) = ("0.3".into(), "maintenance-windows".into());
        Reason::NotSupported { agent_version, feature, needs_version: needs_version.map(Into::into) }.to_string()
    };
    assert_eq!(reason(Some("0.4")), "agent 0.3 does not support maintenance windows; version 0.4 is needed");
    assert_eq!(reason(None), "agent 0.3 does not support maintenance windows; a newer version is needed");
}

#[test]
fn a_known_code_with_other_fields_is_kept_like_an_unknown_one() {
    let reason: Reason = serde_json::from_str(r#"{"code":"signal","signal":"SIGXCPU"}"#).unwrap();
    assert_eq!(reason.code(), "signal");
    assert_eq!(reason.to_string(), "signal (this version does not know what that means)");
    for bad in [r#"{"code":"Odd code"}"#, r#"{"code":7}"#, r#"{"text":"x"}"#, r#""signal""#] {
        assert!(serde_json::from_str::<Reason>(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_full_disk_tells_what_lacks_even_where_that_is_little() {
    let reason = Reason::DiskFull { needed_bytes: (5 << 30) + (1 << 20), free_bytes: 5 << 30 };
    assert_eq!(reason.to_string(), "not enough free space: 5.0 GiB needed, 1.0 MiB more than there is");
}
