-- Who may enrol, devices with their facts, and collections of them.

-- point: the one distribution point that may enrol; absent for a number of devices.
CREATE TABLE enrolment_token (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    hash       BLOB NOT NULL UNIQUE,
    point      TEXT,
    allowed    INTEGER NOT NULL,
    used       INTEGER NOT NULL,
    comment    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

-- features: a JSON array of what the agent understands; absent when it never told any.
CREATE TABLE device (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    enrolled_at INTEGER NOT NULL,
    seen_at     INTEGER,
    revoked_at  INTEGER,
    features    TEXT
) STRICT;

-- What devices report, by the inventory catalogue: a table for each class, a column for each property, NULL where it isn't
-- known. digests: 32 bytes for each class in the catalogue's order, of its rows, so that what didn't change isn't written again.
CREATE TABLE device_facts (
    device_id         INTEGER PRIMARY KEY REFERENCES device (id) ON DELETE CASCADE,
    platform          TEXT,
    os_name           TEXT,
    os_version        TEXT,
    os_version_key    TEXT,
    architecture      TEXT,
    host_name         TEXT,
    memory_bytes      INTEGER,
    processors        INTEGER,
    agent_version     TEXT,
    agent_version_key TEXT,
    taken_at          INTEGER NOT NULL,
    digests           BLOB NOT NULL
) STRICT;

-- place: where the row stands in the device's list; lists may hold the same values twice.
CREATE TABLE device_disk (
    device_id  INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    place      INTEGER NOT NULL,
    mount      TEXT,
    size_bytes INTEGER,
    free_bytes INTEGER,
    PRIMARY KEY (device_id, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_address (
    device_id INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    place     INTEGER NOT NULL,
    interface TEXT,
    ip        TEXT,
    ip_key    TEXT,
    prefix    INTEGER,
    PRIMARY KEY (device_id, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_software (
    device_id   INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    place       INTEGER NOT NULL,
    name        TEXT,
    version     TEXT,
    version_key TEXT,
    PRIMARY KEY (device_id, place)
) STRICT, WITHOUT ROWID;

-- "Which devices have this package" without reading every device's list.
CREATE INDEX device_software_name ON device_software (name, device_id);

-- members: how many there are, kept with each change.
CREATE TABLE collection (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT NOT NULL UNIQUE,
    revision     INTEGER NOT NULL,
    properties   TEXT NOT NULL,
    members      INTEGER NOT NULL DEFAULT 0,
    evaluated_at INTEGER,
    created_at   INTEGER NOT NULL,
    changed_at   INTEGER NOT NULL
) STRICT;

-- kind: all_devices; direct, with device_id; query, with the typed query and the classes that it looks at, a bit for each in the
-- catalogue's order (1 device, 2 disks, 4 addresses, …).
CREATE TABLE collection_rule (
    collection_id INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    place         INTEGER NOT NULL,
    kind          TEXT NOT NULL,
    device_id     INTEGER REFERENCES device (id) ON DELETE CASCADE,
    query         TEXT,
    classes       INTEGER NOT NULL,
    PRIMARY KEY (collection_id, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX collection_rule_device ON collection_rule (device_id) WHERE device_id IS NOT NULL;

CREATE TABLE collection_member (
    collection_id INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    device_id     INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    PRIMARY KEY (collection_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX collection_member_device ON collection_member (device_id, collection_id);
