-- Advertisements with their revisions, the policy that each device has, and what devices report.

CREATE TABLE advertisement (
    name         TEXT PRIMARY KEY,
    revision     BIGINT NOT NULL,
    document     BYTEA NOT NULL REFERENCES document (digest),
    package      TEXT NOT NULL REFERENCES package (name),
    collection   TEXT NOT NULL,
    terms        TEXT NOT NULL,
    published_at BIGINT NOT NULL
);

CREATE INDEX advertisement_package ON advertisement (package, name);
CREATE INDEX advertisement_collection ON advertisement (collection, name);

-- Every revision that was ever published, those of withdrawn advertisements too: a name that comes back goes on counting.
CREATE TABLE advertisement_revision (
    advertisement TEXT NOT NULL,
    revision      BIGINT NOT NULL,
    document      BYTEA NOT NULL REFERENCES document (digest),
    published_at  BIGINT NOT NULL,
    PRIMARY KEY (advertisement, revision)
);

-- The policy that a device last asked for.
CREATE TABLE device_policy (
    device     BIGINT PRIMARY KEY REFERENCES device (id) ON DELETE CASCADE,
    etag       TEXT NOT NULL,
    number     BIGINT NOT NULL,
    fetched_at BIGINT NOT NULL
);

CREATE TABLE status_message (
    id            BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    device        BIGINT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    number        BIGINT NOT NULL,
    advertisement TEXT,
    body          TEXT NOT NULL,
    received_at   BIGINT NOT NULL,
    UNIQUE (device, number)
);

CREATE INDEX status_message_device ON status_message (device, id);
CREATE INDEX status_message_advertisement ON status_message (advertisement, id);
CREATE INDEX status_message_received ON status_message (received_at);

-- The newest state message of a device about an advertisement; number: that message's.
CREATE TABLE advertisement_state (
    advertisement    TEXT NOT NULL,
    device           BIGINT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    number           BIGINT NOT NULL,
    package          TEXT NOT NULL,
    program          TEXT NOT NULL,
    source_version   BIGINT NOT NULL,
    release_revision BIGINT NOT NULL,
    state            TEXT NOT NULL,
    standing         TEXT NOT NULL,
    received_at      BIGINT NOT NULL,
    PRIMARY KEY (advertisement, device)
);

CREATE INDEX advertisement_state_state ON advertisement_state (advertisement, state, device);
CREATE INDEX advertisement_state_device ON advertisement_state (device, advertisement);

-- The newest run of a device by an advertisement; number: its message's.
CREATE TABLE advertisement_run (
    advertisement TEXT NOT NULL,
    device        BIGINT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    number        BIGINT NOT NULL,
    exit_code     BIGINT,
    started_at    BIGINT NOT NULL,
    PRIMARY KEY (advertisement, device)
);
