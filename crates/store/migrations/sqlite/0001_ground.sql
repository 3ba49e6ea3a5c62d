-- What every part of the site stands on: settings of the site, the change feed, administrator tokens, audit log,
-- jobs, idempotency keys.

CREATE TABLE site_meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Whom each change concerns, in the order of commits. The counter change_sequence of site_meta holds the highest sequence; sequences
-- have no gaps. Old rows are pruned.
CREATE TABLE change_feed (
    sequence INTEGER NOT NULL,
    scope    TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (sequence, scope)
) STRICT, WITHOUT ROWID;

-- grants: a JSON array of rights. predefined: every site has it.
CREATE TABLE role (
    name       TEXT PRIMARY KEY,
    revision   INTEGER NOT NULL,
    title      TEXT NOT NULL,
    grants     TEXT NOT NULL,
    predefined INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Parts of the site's objects. kind: package, collection or point.
CREATE TABLE scope (
    name       TEXT PRIMARY KEY,
    title      TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE scope_object (
    scope TEXT NOT NULL REFERENCES scope (name) ON DELETE CASCADE,
    kind  TEXT NOT NULL,
    name  TEXT NOT NULL,
    PRIMARY KEY (scope, kind, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX scope_object_name ON scope_object (kind, name);

-- role and scope: names as they were given; a revoked token may outlive what they stand for.
CREATE TABLE administrator_token (
    name       TEXT PRIMARY KEY,
    hash       BLOB NOT NULL UNIQUE,
    role       TEXT NOT NULL,
    scope      TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;

CREATE TABLE audit (
    seq         INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    actor       TEXT NOT NULL,
    action      TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_name TEXT NOT NULL,
    detail      TEXT NOT NULL,
    prev_hash   BLOB NOT NULL,
    hash        BLOB NOT NULL
) STRICT;

CREATE INDEX audit_object ON audit (object_kind, object_name, seq);

CREATE TABLE job (
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL,
    dedup_key   TEXT,
    payload     TEXT NOT NULL,
    state       TEXT NOT NULL,
    run_at      INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    lease_owner TEXT,
    lease_until INTEGER,
    progress    TEXT,
    error       TEXT,
    created_at  INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;

-- At most one job of a kind waits for each key.
CREATE UNIQUE INDEX job_waiting_key ON job (kind, dedup_key) WHERE state = 'queued' AND dedup_key IS NOT NULL;
CREATE INDEX job_due ON job (run_at, id) WHERE state = 'queued';
CREATE INDEX job_leased ON job (lease_until) WHERE state = 'running';
CREATE INDEX job_finished ON job (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE idempotency (
    actor          TEXT NOT NULL,
    key            TEXT NOT NULL,
    request_digest BLOB NOT NULL,
    status         INTEGER,
    content_type   TEXT,
    body           BLOB,
    created_at     INTEGER NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_age ON idempotency (created_at);
