-- Advertisements with their revisions, the policy that each device has, and what devices report.

CREATE TABLE advertisement (
    name         TEXT PRIMARY KEY,
    revision     INTEGER NOT NULL,
    document     BLOB NOT NULL REFERENCES document (digest),
    package      TEXT NOT NULL REFERENCES package (name),
    collection   TEXT NOT NULL REFERENCES collection (name),
    terms        TEXT NOT NULL,
    published_at INTEGER NOT NULL
) STRICT;

CREATE INDEX advertisement_package ON advertisement (package, name);
CREATE INDEX advertisement_collection ON advertisement (collection, name);

-- Every revision that was ever published, those of withdrawn advertisements too: a name that comes back goes on counting.
CREATE TABLE advertisement_revision (
    advertisement TEXT NOT NULL,
    revision      INTEGER NOT NULL,
    document      BLOB NOT NULL REFERENCES document (digest),
    published_at  INTEGER NOT NULL,
    PRIMARY KEY (advertisement, revision)
) STRICT, WITHOUT ROWID;

-- The policy that a device last asked for.
CREATE TABLE device_policy (
    device     INTEGER PRIMARY KEY REFERENCES device (id) ON DELETE CASCADE,
    etag       TEXT NOT NULL,
    number     INTEGER NOT NULL,
    fetched_at INTEGER NOT NULL
) STRICT;

CREATE TABLE status_message (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    device        INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    number        INTEGER NOT NULL,
    advertisement TEXT,
    body          TEXT NOT NULL,
    received_at   INTEGER NOT NULL,
    UNIQUE (device, number)
) STRICT;

CREATE INDEX status_message_device ON status_message (device, id);
CREATE INDEX status_message_advertisement ON status_message (advertisement, id);
CREATE INDEX status_message_received ON status_message (received_at);

-- The newest state message of a device about an advertisement; number: that message's. reason: the code of standing's reason.
CREATE TABLE advertisement_state (
    advertisement    TEXT NOT NULL,
    device           INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    number           INTEGER NOT NULL,
    package          TEXT NOT NULL,
    program          TEXT NOT NULL,
    source_version   INTEGER NOT NULL,
    release_revision INTEGER NOT NULL,
    state            TEXT NOT NULL,
    reason           TEXT,
    standing         TEXT NOT NULL,
    received_at      INTEGER NOT NULL,
    PRIMARY KEY (advertisement, device)
) STRICT, WITHOUT ROWID;

CREATE INDEX advertisement_state_state ON advertisement_state (advertisement, state, device);
CREATE INDEX advertisement_state_device ON advertisement_state (device, advertisement);
-- Which devices need a newer agent.
CREATE INDEX advertisement_state_upgrade ON advertisement_state (device) WHERE reason = 'not_supported';

-- The newest run of a device by an advertisement; number: its message's.
CREATE TABLE advertisement_run (
    advertisement TEXT NOT NULL,
    device        INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    number        INTEGER NOT NULL,
    exit_code     INTEGER,
    started_at    INTEGER NOT NULL,
    PRIMARY KEY (advertisement, device)
) STRICT, WITHOUT ROWID;

-- How many devices are in each state, kept by what changes the states.
CREATE TABLE advertisement_count (
    advertisement TEXT NOT NULL,
    state         TEXT NOT NULL,
    devices       INTEGER NOT NULL,
    PRIMARY KEY (advertisement, state)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER advertisement_state_insert AFTER INSERT ON advertisement_state BEGIN
    INSERT INTO advertisement_count (advertisement, state, devices) VALUES (NEW.advertisement, NEW.state, 1)
        ON CONFLICT (advertisement, state) DO UPDATE SET devices = devices + 1;
END;

CREATE TRIGGER advertisement_state_update AFTER UPDATE ON advertisement_state WHEN OLD.state <> NEW.state BEGIN
    UPDATE advertisement_count SET devices = devices - 1 WHERE advertisement = OLD.advertisement AND state = OLD.state;
    INSERT INTO advertisement_count (advertisement, state, devices) VALUES (NEW.advertisement, NEW.state, 1)
        ON CONFLICT (advertisement, state) DO UPDATE SET devices = devices + 1;
END;

CREATE TRIGGER advertisement_state_delete AFTER DELETE ON advertisement_state BEGIN
    UPDATE advertisement_count SET devices = devices - 1 WHERE advertisement = OLD.advertisement AND state = OLD.state;
END;

-- A name that comes back is in no scope.
CREATE TRIGGER package_leaves_scopes AFTER DELETE ON package BEGIN
    DELETE FROM scope_object WHERE kind = 'package' AND name = OLD.name;
END;
CREATE TRIGGER collection_leaves_scopes AFTER DELETE ON collection BEGIN
    DELETE FROM scope_object WHERE kind = 'collection' AND name = OLD.name;
END;
CREATE TRIGGER point_leaves_scopes AFTER DELETE ON point BEGIN
    DELETE FROM scope_object WHERE kind = 'point' AND name = OLD.name;
END;
