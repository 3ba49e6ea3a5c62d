-- Signed documents, packages and their releases, content objects, distribution points and what is on them.

CREATE TABLE document (
    digest     BYTEA PRIMARY KEY,
    role       TEXT NOT NULL,
    envelope   BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

-- A tree and the manifest that says how it is built. One manifest for each tree, whichever packages have it.
-- requires: what a computer must be able to do to hold it; not_carried: what its source had that it lacks. Both JSON lists.
CREATE TABLE content (
    digest         BYTEA PRIMARY KEY,
    manifest       BYTEA NOT NULL,
    manifest_bytes BIGINT NOT NULL,
    size_bytes     BIGINT NOT NULL,
    files          BIGINT NOT NULL,
    requires       TEXT NOT NULL,
    not_carried    TEXT NOT NULL,
    stored_at      BIGINT NOT NULL
);

-- Objects in the content store, by their name there. A row is made before its object, and goes after it.
CREATE TABLE content_object (
    name            TEXT PRIMARY KEY,
    size_bytes      BIGINT NOT NULL,
    uploading_since BIGINT,
    removing        BIGINT NOT NULL
);

CREATE TABLE content_object_use (
    content BYTEA NOT NULL REFERENCES content (digest) ON DELETE CASCADE,
    object  TEXT NOT NULL REFERENCES content_object (name),
    PRIMARY KEY (content, object)
);

CREATE INDEX content_object_use_object ON content_object_use (object);

-- newest: digest of the newest release's document.
CREATE TABLE package (
    name       TEXT PRIMARY KEY,
    revision   BIGINT NOT NULL,
    properties TEXT NOT NULL,
    source     TEXT,
    programs   TEXT NOT NULL,
    newest     BYTEA REFERENCES document (digest),
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE TABLE release (
    package        TEXT NOT NULL REFERENCES package (name) ON DELETE CASCADE,
    source_version BIGINT NOT NULL,
    revision       BIGINT NOT NULL,
    document       BYTEA NOT NULL UNIQUE REFERENCES document (digest),
    content        BYTEA REFERENCES content (digest),
    new_bytes      BIGINT NOT NULL,
    published_at   BIGINT NOT NULL,
    PRIMARY KEY (package, source_version, revision)
);

CREATE INDEX release_content ON release (content);

CREATE TABLE point (
    name        TEXT PRIMARY KEY,
    revision    BIGINT NOT NULL,
    title       TEXT NOT NULL,
    url         TEXT NOT NULL,
    enabled     BIGINT NOT NULL,
    enrolled_at BIGINT,
    seen_at     BIGINT,
    created_at  BIGINT NOT NULL
);

CREATE TABLE package_point (
    point       TEXT NOT NULL REFERENCES point (name) ON DELETE CASCADE,
    package     TEXT NOT NULL REFERENCES package (name) ON DELETE CASCADE,
    assigned_at BIGINT NOT NULL,
    PRIMARY KEY (point, package)
);

CREATE INDEX package_point_package ON package_point (package);

-- What points report, for content that they are to hold. state: the word of detail, which is the report's JSON.
CREATE TABLE point_content (
    point       TEXT NOT NULL REFERENCES point (name) ON DELETE CASCADE,
    content     BYTEA NOT NULL REFERENCES content (digest) ON DELETE CASCADE,
    state       TEXT NOT NULL,
    detail      TEXT NOT NULL,
    reported_at BIGINT NOT NULL,
    PRIMARY KEY (point, content)
);

CREATE INDEX point_content_content ON point_content (content);

-- What each point is to hold: of each package the newest content, and the newest that it holds until then.
CREATE VIEW point_assignment AS
    SELECT v.point, v.package, v.source_version, r.content FROM (
        SELECT pp.point, pp.package, MAX(r.source_version) AS source_version
            FROM package_point AS pp JOIN release AS r ON r.package = pp.package
            WHERE r.content IS NOT NULL GROUP BY pp.point, pp.package
        UNION
        SELECT pp.point, pp.package, MAX(r.source_version) AS source_version
            FROM package_point AS pp JOIN release AS r ON r.package = pp.package
            JOIN point_content AS pc ON pc.point = pp.point AND pc.content = r.content
            WHERE pc.state = 'installed' GROUP BY pp.point, pp.package
    ) AS v JOIN release AS r ON r.package = v.package AND r.source_version = v.source_version AND r.revision = 1;

-- Which job publishes a package.
CREATE INDEX job_unfinished ON job (kind, dedup_key) WHERE finished_at IS NULL;
