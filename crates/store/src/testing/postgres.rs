//! A PostgreSQL server for one test process.
//!
//! The server is a child of a thread that lives as long as the process, under `setpriv --pdeathsig`, so that it ends however the
//! process ends. It refuses to run as root, so then it runs as nobody. Folders of processes that are gone are swept at the start.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::{OPENED_AT, runtime};
use crate::Db;

const INSTALL: &str = "store tests need PostgreSQL (apt-get install postgresql) and setpriv (util-linux)";
const PREFIX: &str = "dray-test-postgres-";
/// User id of nobody on Debian and most others.
const NOBODY: u32 = 65534;
/// Nothing here has to outlive the process.
const SETTINGS: [&str; 8] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "listen_addresses=",
    "max_connections=200",
    "shared_buffers=32MB",
    "lc_messages=C",
];

/// Makes a migrated database of its own and tells its address.
pub(super) fn new_database() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let cluster = cluster();
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    cluster.run(&format!("CREATE DATABASE {name} TEMPLATE migrated"));
    cluster.address(&name)
}

struct Cluster {
    folder: PathBuf,
}

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        sweep();
        let cluster = Cluster::start();
        cluster.run("CREATE DATABASE migrated");
        let migrate = async || {
            let db = Db::open(&cluster.address("migrated"), OPENED_AT).await.expect("the template database opens");
            db.close().await;
        };
        runtime().block_on(migrate());
        cluster
    })
}

impl Cluster {
    fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        let as_root = fs::metadata(&folder).expect("the folder was just made").uid() == 0;
        if as_root {
            chown(&folder, Some(NOBODY), Some(NOBODY)).expect("root may give a folder away");
        }
        let data = folder.join("data");
        let mut initdb = command("initdb", &folder, as_root);
        initdb.args(["--no-sync", "--auth=trust", "--username=dray", "--locale=C", "--encoding=UTF8", "-D"]).arg(&data);
        let made = initdb.output().expect(INSTALL);
        assert!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        let mut server = command("postgres", &folder, as_root);
        server.arg("-D").arg(&data).arg("-k").arg(&folder);
        for setting in SETTINGS {
            server.args(["-c", setting]);
        }
        serve(server);
        Self { folder }
    }

    fn address(&self, database: &str) -> String {
        format!("postgres://dray@localhost/{database}?host={}", self.folder.display())
    }

    fn run(&self, sql: &str) {
        sqlx::any::install_default_drivers();
        runtime().block_on(async {
            let address = self.address("postgres");
            let mut connection = sqlx::AnyConnection::connect(&address).await.expect("the test server answers");
            connection.execute(AssertSqlSafe(sql)).await.expect("the statement works");
            connection.close().await.expect("the connection closes");
        });
    }
}

/// Starts the server in a thread of its own, which stays until the server ends: the signal at death goes by thread.
fn serve(mut server: Command) {
    let (ready, wait) = mpsc::channel();
    std::thread::spawn(move || {
        let mut child = server.stderr(Stdio::piped()).spawn().expect(INSTALL);
        let output = BufReader::new(child.stderr.take().expect("it was asked to be piped"));
        let mut seen = String::new();
        for line in output.lines().map_while(Result::ok) {
            if line.contains("ready to accept connections") {
                let _ = ready.send(Ok(()));
            }
            seen.push_str(&line);
        }
        let _ = ready.send(Err(seen));
        let _ = child.wait();
    });
    if let Err(seen) = wait.recv().expect("the thread reports before it ends") {
        panic!("PostgreSQL didn't start: {seen}");
    }
}

fn command(program: &str, folder: &Path, as_root: bool) -> Command {
    let mut command = Command::new("setpriv");
    // QUIT is PostgreSQL's immediate shutdown: it lets go of shared memory, which KILL would leave behind.
    command.args(["--pdeathsig", "QUIT"]).current_dir(folder).stdin(Stdio::null());
    if as_root {
        command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()]);
    }
    command.arg("--").arg(find(program));
    command
}

/// The newest installed version's program, or the one on the path.
fn find(program: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin").join(program))))
        .filter(|(_, path)| path.exists())
        .collect();
    found.sort();
    let on_path = std::env::var_os("PATH")
        .and_then(|path| std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.exists()));
    found.pop().map(|(_, path)| path).or(on_path).expect(INSTALL)
}

/// Removes the folders of test processes that are gone.
fn sweep() {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|id| id.parse::<u32>().ok());
        if process.is_some_and(|id| !Path::new("/proc").join(id.to_string()).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
