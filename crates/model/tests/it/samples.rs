//! One of everything that leaves a program: documents, requests, answers, and what databases keep as JSON.

use dray_model::advertisement::{Advertisement, AdvertisementTerms, Assignment, Rerun};
use dray_model::api::client::{
    ContentLocations, ContentSource, ContentUpdate, EnrolRequest, Enrolled, EnrolledIdentity, Locations,
    LocationsRequest, MemberKind, PointAssignments, PointReports, RefusedMessage, RenewRequest, Renewed, StatusAnswer,
    StatusBatch,
};
use dray_model::api::problem::{Problem, Span};
use dray_model::collection::{CollectionProperties, CollectionRule};
use dray_model::facts::{Facts, Table};
use dray_model::inventory::Class;
use dray_model::package::{Content, PackageProperties, Release, ReleaseNumber};
use dray_model::point::{AssignedObject, AssignedUpdate, PointAssignment, PointContentState, PointReport};
use dray_model::policy::{AgentSettings, Policy, PolicyEntry};
use dray_model::program::{Expression, Program};
use dray_model::readable::Readable;
use dray_model::state::{ClientState, Reason, Standing};
use dray_model::status::{SourceBytes, StatusEvent, StatusMessage};
use dray_model::{DeviceId, Digest, EraId, Name, RunId, Timestamp};
use dray_model::{class, property};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A payload as this version writes it, and how it reads one.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) written: Value,
    /// Reads a payload and writes it again.
    pub(crate) reread: fn(&Value) -> Result<Value, String>,
    /// Whether what isn't looked at stays as it came.
    pub(crate) is_kept_raw: bool,
}

fn sample<T: Serialize + DeserializeOwned>(name: &'static str, sample: T) -> Sample {
    let reread = |value: &Value| {
        // As text, the way it comes.
        let read: T = serde_json::from_str(&value.to_string()).map_err(|error| error.to_string())?;
        serde_json::to_value(read).map_err(|error| error.to_string())
    };
    Sample { name, written: serde_json::to_value(sample).unwrap(), reread, is_kept_raw: false }
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_800_000_000 + secs)
}

const RELEASE: ReleaseNumber = ReleaseNumber { source_version: 3, revision: 2 };

pub(crate) fn samples() -> Vec<Sample> {
    let mut all = documents();
    all.extend(requests());
    all.extend(answers());
    all.extend(stored());
    all
}

fn documents() -> Vec<Sample> {
    let policy = Policy {
        format: Policy::FORMAT,
        device: DeviceId::from_random(7),
        number: 42,
        era: Some(EraId::from_random(9)),
        returned: Some(EraId::from_random(8)),
        issued_at: at(0),
        expires_at: at(604_800),
        entries: vec![PolicyEntry::new(name("now"), digest("advertisement"), digest("release")).into()],
        settings: AgentSettings::default(),
    };
    let (format, requires) = (Advertisement::FORMAT, Vec::new());
    let advertisement =
        Advertisement { format, name: name("now"), revision: 4, published_at: at(0), requires, terms: terms() };
    let content = Some(Content {
        digest: digest("tree"),
        size_bytes: 1_000_000,
        files: 12,
        requires: vec!["unix_names".to_owned()],
    });
    let release = Release {
        format: Release::FORMAT,
        package: name("editor"),
        number: RELEASE,
        requires: Vec::new(),
        properties: properties(),
        content,
        programs: programs(),
    };
    vec![
        sample::<Readable<Policy>>("policy", policy.into()),
        sample::<Readable<Advertisement>>("advertisement", advertisement.into()),
        sample::<Readable<Release>>("release", release.into()),
    ]
}

fn requests() -> Vec<Sample> {
    let enrol = EnrolRequest {
        token: "dray-enrol-…".to_owned(),
        csr: "-----BEGIN CERTIFICATE REQUEST-----".to_owned(),
        member: MemberKind::Device,
        host_name: "pc-1".to_owned(),
    };
    let messages: Vec<_> = messages().iter().map(|one| serde_json::value::to_raw_value(one).unwrap()).collect();
    let reports = point_states().into_iter().map(|state| PointReport { content: digest("tree"), state }).collect();
    vec![
        sample("enrol_request", enrol),
        sample("renew_request", RenewRequest { csr: "-----BEGIN CERTIFICATE REQUEST-----".to_owned() }),
        sample("locations_request", LocationsRequest { contents: vec![digest("tree")] }),
        Sample { is_kept_raw: true, ..sample("status_batch", StatusBatch { messages }) },
        sample("facts", facts()),
        sample("point_reports", PointReports { reports }),
    ]
}

fn answers() -> Vec<Sample> {
    let enrolled = |identity| Enrolled {
        identity,
        site: name("site"),
        certificate: "-----BEGIN CERTIFICATE-----".to_owned(),
        authority: "-----BEGIN CERTIFICATE-----".to_owned(),
        trusted_keys: json!({ "keys": {}, "roles": {} }),
    };
    let device = EnrolledIdentity::Device { id: DeviceId::from_random(7), name: name("pc-1") };
    let update = ContentUpdate { from: digest("old"), object: digest("update"), bytes: 900, fetch_bytes: 8000 };
    let locations = ContentLocations {
        content: digest("tree"),
        manifest: digest("manifest"),
        manifest_bytes: 700,
        sources: vec![ContentSource { name: name("lab"), url: "https://lab.example:8444".to_owned() }],
        updates: vec![update],
    };
    let refused = RefusedMessage {
        place: 3,
        number: Some(17),
        code: "output_too_long".to_owned(),
        why: "its output has 70000 bytes, the limit is 65536".to_owned(),
    };
    let problem = Problem {
        kind: "urn:dray:problem:stale".to_owned(),
        title: "Precondition Failed".to_owned(),
        status: 412,
        code: "stale".to_owned(),
        detail: "it was changed meanwhile".to_owned(),
        hint: Some("read it again".to_owned()),
        span: Some(Span { start: 1, end: 2 }),
        request_id: Some("7".to_owned()),
    };
    vec![
        sample("enrolled_device", enrolled(device)),
        sample("enrolled_point", enrolled(EnrolledIdentity::Point { name: name("lab") })),
        sample("renewed", Renewed { certificate: "-----BEGIN CERTIFICATE-----".to_owned() }),
        sample("locations", Locations { contents: vec![locations] }),
        sample("status_answer", StatusAnswer { accepted: 9, new: 8, refused: vec![refused] }),
        sample(
            "point_assignments",
            PointAssignments { contents: vec![assignment()], number: 42, returned: Some(EraId::from_random(8)) },
        ),
        sample("problem", problem),
    ]
}

fn stored() -> Vec<Sample> {
    let rules = vec![
        CollectionRule::AllDevices,
        CollectionRule::Direct { device: DeviceId::from_random(7) },
        CollectionRule::Query { expression: r#"platform == "linux""#.parse().unwrap() },
    ];
    let collection = CollectionProperties { title: "All".parse().unwrap(), comment: "everyone".parse().unwrap() };
    vec![
        sample("package_properties", properties()),
        sample("programs", programs()),
        sample("advertisement_terms", terms()),
        sample("collection_properties", collection),
        sample("collection_rules", rules),
        sample("status_messages", messages()),
        sample("standings", standings()),
        sample("point_content_states", point_states()),
    ]
}

fn terms() -> AdvertisementTerms {
    AdvertisementTerms {
        title: "Editor".parse().unwrap(),
        comment: "for all".parse().unwrap(),
        package: name("editor"),
        program: name("install"),
        collection: name("all-devices"),
        start: Some(at(0)),
        expires: Some(at(999)),
        assignments: vec![Assignment::AsSoonAsPossible, Assignment::At { time: at(60) }],
        rerun: Rerun::IfFailed,
    }
}

fn properties() -> PackageProperties {
    PackageProperties {
        title: "Editor".parse().unwrap(),
        version: "3.1".parse().unwrap(),
        manufacturer: "ACME".parse().unwrap(),
        language: "en".parse().unwrap(),
        comment: "line 1\nline 2".parse().unwrap(),
    }
}

fn programs() -> Vec<Program> {
    let expression = |text: &str| Some(Expression { text: text.to_owned(), compiled: json!({ "version": 1 }) });
    let mut full: Program = serde_json::from_value(json!({ "name": "install", "command": "./install.sh /q" })).unwrap();
    full.title = "Install".parse().unwrap();
    full.comment = "quietly".parse().unwrap();
    full.start_in = Some("bin".parse().unwrap());
    full.disk_space_bytes = Some(1 << 30);
    full.requirement = expression("memory_bytes > 1");
    full.detect = expression("processors > 1");
    full.disabled = true;
    vec![full]
}

fn facts() -> Facts {
    let device = Table::new(Class::DEVICE).with([
        (property!("device.platform"), "linux".into()),
        (property!("device.os_name"), "debian".into()),
        (property!("device.os_version"), "12".into()),
        (property!("device.architecture"), "x86_64".into()),
        (property!("device.host_name"), "pc-1".into()),
        (property!("device.memory_bytes"), (1_u64 << 34).into()),
        (property!("device.processors"), 8_u32.into()),
        (property!("device.agent_version"), "0.1.0".into()),
    ]);
    let disks = Table::new(class!("disks")).with([
        (property!("disks.mount"), "/".into()),
        (property!("disks.size_bytes"), (1_u64 << 40).into()),
        (property!("disks.free_bytes"), (1_u64 << 38).into()),
    ]);
    let addresses = Table::new(class!("addresses")).with([
        (property!("addresses.interface"), "eth0".into()),
        (property!("addresses.ip"), "10.0.0.7".into()),
        (property!("addresses.prefix"), 24_u32.into()),
    ]);
    let software = Table::new(class!("software"))
        .with([(property!("software.name"), "bash".into()), (property!("software.version"), "5.2".into())]);
    Facts::default().with(device).with(disks).with(addresses).with(software)
}

fn messages() -> Vec<StatusMessage> {
    let (package, program, advertisement) = (name("editor"), name("install"), name("now"));
    let state = StatusEvent::State {
        advertisement: advertisement.clone(),
        revision: 4,
        package: package.clone(),
        release: RELEASE,
        program: program.clone(),
        standing: standings().remove(0),
    };
    let delivered = StatusEvent::Delivered {
        package: package.clone(),
        content: digest("tree"),
        sources: vec![SourceBytes { source: name("site"), bytes: 77 }],
        reused_bytes: 5,
        duration_ms: 900,
    };
    let executed = StatusEvent::Executed {
        run: RunId::from_random(5),
        advertisement: advertisement.clone(),
        package: package.clone(),
        release: RELEASE,
        program: program.clone(),
        exit_code: Some(3010),
        class: dray_model::program::ExitClass::SuccessRestart,
        started_at: at(1),
        duration_ms: 1500,
        output_tail: "done\n".to_owned(),
    };
    let verified = StatusEvent::Verified { advertisement, package, program, present: true };
    let events = [state, delivered, executed, verified];
    (1..).zip(events).map(|(number, event)| StatusMessage { number, at: at(2), event }).collect()
}

/// Every state and every reason at least once.
fn standings() -> Vec<Standing> {
    let reasons = reasons();
    let states = ClientState::ALL.into_iter().cycle();
    let both = reasons.into_iter().zip(states);
    both.map(|(reason, state)| Standing { state, reason: Some(reason), since: at(0), next: Some(at(9)) }).collect()
}

fn reasons() -> Vec<Reason> {
    let error = || "no answer".to_owned();
    vec![
        Reason::AwaitingDocuments,
        Reason::NotStarted,
        Reason::NotAssignedYet,
        Reason::UserDecides,
        Reason::ProgramDisabled,
        Reason::TakingFacts,
        Reason::RequirementNotMet { requirement: "processors > 1".to_owned() },
        Reason::ConditionUnreadable { error: error() },
        Reason::NoRoomToRun { needed_bytes: 2, free_bytes: 1 },
        Reason::Verifying,
        Reason::AskingForSources,
        Reason::NoSource,
        Reason::SiteUnreachable { error: error() },
        Reason::Fetching { done_bytes: 1, total_bytes: 2 },
        Reason::SourcesFailed { error: error() },
        Reason::ContentDamaged { error: error() },
        Reason::DiskFull { needed_bytes: 2, free_bytes: 1 },
        Reason::AnotherProgramRuns { advertisement: "other".to_owned() },
        Reason::Starting,
        Reason::Started,
        Reason::RetryAsked { exit_code: 75, tries: 2 },
        Reason::ExitCode { exit_code: -1 },
        Reason::Signal { signal: 9 },
        Reason::TimeLimit { limit_s: 7200 },
        Reason::NotStartable { error: error() },
        Reason::Interrupted,
        Reason::RunnerLost,
        Reason::AlreadyPresent,
        Reason::NotDetected,
        Reason::RanBefore { succeeded: true },
        Reason::AdvertisementExpired,
        Reason::PolicyExpired,
        Reason::ClockWrong,
        Reason::NoSuchProgram,
        Reason::DocumentRefused { error: error() },
        Reason::NotSupported {
            agent_version: "0.1.0".into(),
            feature: "maintenance-windows".into(),
            needs_version: Some("0.4".into()),
        },
        Reason::Withdrawn,
    ]
}

fn point_states() -> Vec<PointContentState> {
    vec![
        PointContentState::Pending,
        PointContentState::Transferring { done_bytes: 1, total_bytes: 2 },
        PointContentState::Installed { verified_at: at(0) },
        PointContentState::Failed { reason: "the disk is full".to_owned(), next_try: at(60) },
    ]
}

fn assignment() -> PointAssignment {
    let object = |text: &str| AssignedObject { digest: digest(text), bytes: 5 };
    let update = AssignedUpdate {
        from: digest("old"),
        object: digest("update"),
        bytes: 900,
        packs: vec![object("pack")],
        manifest_difference: Some(object("difference")),
    };
    PointAssignment {
        package: name("editor"),
        source_version: 3,
        content: digest("tree"),
        manifest: digest("manifest"),
        manifest_bytes: 700,
        updates: vec![update],
    }
}
