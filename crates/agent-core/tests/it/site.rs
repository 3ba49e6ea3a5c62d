//! A made-up site: packages, advertisements and the policy that follows from them.

use std::collections::BTreeMap;

use dray_agent_core::Document;
use dray_model::advertisement::{Advertisement, AdvertisementTerms, Assignment};
use dray_model::package::{Content, Release, ReleaseNumber};
use dray_model::policy::{AgentSettings, Policy, PolicyEntry};
use dray_model::program::{Expression, Program};
use dray_model::{DeviceId, Digest, EraId, Name, Timestamp};

/// What the site has published.
#[derive(Debug, Default)]
pub(crate) struct Site {
    pub(crate) documents: BTreeMap<Digest, Document>,
    /// By advertisement.
    entries: BTreeMap<Name, PolicyEntry>,
    /// Written by a newer site.
    pub(crate) future_entries: Vec<serde_json::Value>,
    /// Newest release by package.
    releases: BTreeMap<Name, (Digest, ReleaseNumber)>,
    pub(crate) number: u64,
    /// The era with which it returned last.
    pub(crate) returned: Option<EraId>,
    pub(crate) settings: AgentSettings,
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(crate) fn program(text: &str) -> Program {
    Program::new(name(text), format!("./{text}").parse().unwrap())
}

pub(crate) fn expression(text: &str) -> Expression {
    let query = dray_expression::parse(text, &dray_query::Limits::default()).unwrap();
    Expression { text: text.to_owned(), compiled: serde_json::to_value(query).unwrap() }
}

/// Holds where `software` is installed.
pub(crate) fn installed(software: &str) -> Expression {
    expression(&format!("software.exists(s, s.name == \"{software}\")"))
}

pub(crate) fn content(package: &str, source_version: u32) -> Content {
    let digest = Digest::of(format!("content of {package} {source_version}").as_bytes());
    Content { digest, size_bytes: 1000, files: 3, requires: Vec::new() }
}

pub(crate) fn terms(package: &str, program: &str, assignments: &[Assignment]) -> AdvertisementTerms {
    let terms = AdvertisementTerms::new(name(package), name(program), name("all"));
    AdvertisementTerms { assignments: assignments.to_vec(), ..terms }
}

impl Site {
    fn keep(&mut self, document: Document) -> Digest {
        let digest = Digest::of(&serde_json::to_vec(&document).unwrap());
        self.documents.insert(digest, document);
        digest
    }

    /// Publishes a release; advertisements of the package offer it from now on.
    pub(crate) fn release(
        &mut self,
        package: &str,
        source_version: u32,
        content: Option<Content>,
        programs: &[Program],
    ) {
        let number = ReleaseNumber { source_version, revision: 1 };
        let revision = self
            .releases
            .get(&name(package))
            .map_or(1, |(_, last)| if last.source_version == source_version { last.revision + 1 } else { 1 });
        let number = ReleaseNumber { revision, ..number };
        let release = Release {
            format: Release::FORMAT,
            package: name(package),
            number,
            requires: Vec::new(),
            properties: Default::default(),
            content,
            programs: programs.to_vec(),
        };
        let digest = self.keep(Document::Release(release.into()));
        let former = self.releases.insert(name(package), (digest, number)).map(|(former, _)| former);
        for entry in self.entries.values_mut() {
            entry.names.releases.iter_mut().filter(|release| Some(**release) == former).for_each(|one| *one = digest);
        }
    }

    /// Publishes a revision of an advertisement.
    pub(crate) fn advertise(
        &mut self,
        advertisement: &str,
        revision: u32,
        published_at: Timestamp,
        terms: AdvertisementTerms,
    ) {
        let release = self.releases[&terms.package].0;
        let (format, requires) = (Advertisement::FORMAT, Vec::new());
        let document = Advertisement { format, name: name(advertisement), revision, published_at, requires, terms };
        let digest = self.keep(Document::Advertisement(document.into()));
        self.entries.insert(name(advertisement), PolicyEntry::new(name(advertisement), digest, release));
    }

    /// Publishes a revision as a newer site would write it: `change` adds what only newer agents know.
    pub(crate) fn advertise_from_the_future(
        &mut self,
        advertisement: &str,
        revision: u32,
        terms: AdvertisementTerms,
        change: impl FnOnce(&mut serde_json::Value),
    ) {
        let release = self.releases[&terms.package].0;
        let (format, requires) = (Advertisement::FORMAT, Vec::new());
        let published_at = Timestamp::from_secs(1);
        let document = Advertisement { format, name: name(advertisement), revision, published_at, requires, terms };
        let mut value = serde_json::to_value(document).unwrap();
        change(&mut value);
        let digest = self.keep(Document::Advertisement(serde_json::from_value(value).unwrap()));
        self.entries.insert(name(advertisement), PolicyEntry::new(name(advertisement), digest, release));
    }

    /// The entry of an advertisement, as it is written.
    pub(crate) fn entry(&self, advertisement: &str) -> serde_json::Value {
        serde_json::to_value(&self.entries[&name(advertisement)]).unwrap()
    }

    pub(crate) fn withdraw(&mut self, advertisement: &str) -> Option<PolicyEntry> {
        self.entries.remove(&name(advertisement))
    }

    /// Signs the policy: valid for seven days.
    pub(crate) fn policy(&mut self, device: DeviceId, now: Timestamp) -> Policy {
        self.number += 1;
        let future = self.future_entries.iter().map(|entry| serde_json::from_value(entry.clone()).unwrap());
        Policy {
            format: Policy::FORMAT,
            device,
            number: self.number,
            era: None,
            returned: self.returned,
            issued_at: now,
            expires_at: now + std::time::Duration::from_secs(7 * 86_400),
            entries: self.entries.values().cloned().map(Into::into).chain(future).collect(),
            settings: self.settings,
        }
    }
}
