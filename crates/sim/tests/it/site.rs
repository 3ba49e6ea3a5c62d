//! A site that serves, with its administrator.

use std::net::SocketAddr;

use dray_api::{Running, ServeOptions, serve};
use dray_client::{BaseUrl, SiteApi};
use dray_model::Name;
use dray_model::advertisement::{AdvertisementTerms, Assignment, Rerun};
use dray_model::api::advertisement::CreateAdvertisement;
use dray_model::api::collection::CreateCollection;
use dray_model::api::device::{CreateEnrolmentToken, EnrolmentFor};
use dray_model::api::package::CreatePackage;
use dray_model::collection::CollectionRule;
use dray_sim::administrator::administrator;
use dray_site::testing::TestSite;
use serde_json::json;

pub(crate) struct Server {
    pub(crate) test: TestSite,
    pub(crate) running: Running,
    pub(crate) administrator: SiteApi,
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

impl Server {
    pub(crate) async fn start() -> Self {
        let test = dray_site::testing::site().await;
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let running = serve(test.site.clone(), ServeOptions { admin_addr: any, client_addr: any }).await.unwrap();
        let profile = test.site.dir().join("admin.toml");
        let written = std::fs::read_to_string(&profile).unwrap();
        let url = format!("https://localhost:{}", running.admin_addr.port());
        std::fs::write(&profile, written.replace("https://localhost:7400", &url)).unwrap();
        let administrator = administrator(&profile).unwrap();
        Self { test, running, administrator }
    }

    pub(crate) fn client_url(&self) -> BaseUrl {
        format!("https://localhost:{}", self.running.client_addr.port()).parse().unwrap()
    }

    pub(crate) async fn token(&self, count: u32) -> String {
        let purpose = EnrolmentFor::Devices { count };
        let create = CreateEnrolmentToken { purpose, comment: Default::default(), valid_s: None };
        self.administrator.create_enrolment_token(&create).await.unwrap().secret
    }

    /// With the package `tool`, advertised as `for-marked` to the collection of devices that stand out.
    pub(crate) async fn with_marked(self) -> Self {
        let tool = json!({ "name": "tool", "programs": [{ "name": "install", "command": "./install" }] });
        let tool: CreatePackage = serde_json::from_value(tool).unwrap();
        self.administrator.create_package(&tool).await.unwrap();
        let rules = vec![CollectionRule::Query { expression: "processors >= 128".parse().unwrap() }];
        let marked = CreateCollection { name: name("marked"), properties: Default::default(), rules };
        self.administrator.create_collection(&marked).await.unwrap();
        self.administrator.create_advertisement(&advertisement("for-marked", "marked")).await.unwrap();
        self
    }
}

pub(crate) fn advertisement(name: &str, collection: &str) -> CreateAdvertisement {
    let terms = AdvertisementTerms {
        title: Default::default(),
        comment: Default::default(),
        package: self::name("tool"),
        program: self::name("install"),
        collection: self::name(collection),
        start: None,
        expires: None,
        assignments: vec![Assignment::AsSoonAsPossible],
        rerun: Rerun::default(),
    };
    CreateAdvertisement { name: self::name(name), terms }
}
