-- What a store remembers. The tables of both dialects are the same; agent/docs/store.md describes them.

-- The next number of each kind. Taken with a lock, so that two scans never take one number.
CREATE TABLE sequences (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    next BIGINT NOT NULL
);
INSERT INTO sequences (name, next) VALUES ('run', 1), ('target', 1), ('system', 1), ('version', 1), ('event', 1), ('decision', 1), ('audit', 1), ('assessment', 1);

CREATE TABLE runs (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('running', 'done', 'failed', 'interrupted')),
    started_at TEXT COLLATE "C" NOT NULL,
    finished_at TEXT COLLATE "C",
    tool TEXT COLLATE "C" NOT NULL,
    rules TEXT COLLATE "C" NOT NULL
);

-- Texts that many runs share, by their digest.
CREATE TABLE documents (
    digest TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    body TEXT COLLATE "C" NOT NULL
);

CREATE TABLE targets (
    id BIGINT NOT NULL PRIMARY KEY,
    key TEXT COLLATE "C" NOT NULL UNIQUE,
    place TEXT COLLATE "C" NOT NULL,
    shown TEXT COLLATE "C" NOT NULL,
    recorded BIGINT NOT NULL
);
CREATE INDEX targets_by_place ON targets (place);

CREATE TABLE coverage (
    target BIGINT NOT NULL REFERENCES targets (id),
    run BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    commit_id TEXT COLLATE "C",
    seen BIGINT NOT NULL,
    complete BIGINT NOT NULL CHECK (complete IN (0, 1)),
    gaps TEXT COLLATE "C" NOT NULL REFERENCES documents (digest),
    loose TEXT COLLATE "C" NOT NULL REFERENCES documents (digest),
    PRIMARY KEY (target, run)
);
CREATE INDEX coverage_by_run ON coverage (run);
CREATE INDEX coverage_by_gaps ON coverage (gaps);
CREATE INDEX coverage_by_loose ON coverage (loose);

CREATE TABLE systems (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    target BIGINT NOT NULL REFERENCES targets (id),
    first_run BIGINT NOT NULL,
    first_seen TEXT COLLATE "C" NOT NULL,
    -- What became of it in the run beside it; in a later run of its target that says nothing, it is as it was.
    presence TEXT COLLATE "C" NOT NULL CHECK (presence IN ('new', 'present', 'changed', 'missing', 'unseen', 'returned')),
    presence_run BIGINT NOT NULL,
    -- The last run that found it; null while the last one did.
    seen_run BIGINT,
    seen_at TEXT COLLATE "C"
);
CREATE INDEX systems_by_target ON systems (target);

CREATE TABLE aliases (
    target BIGINT NOT NULL REFERENCES targets (id),
    alias TEXT COLLATE "C" NOT NULL,
    system BIGINT NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
    PRIMARY KEY (target, alias)
);
CREATE INDEX aliases_by_system ON aliases (system);

-- What was known of a system from one run until another; the present one has no end.
CREATE TABLE versions (
    id BIGINT NOT NULL PRIMARY KEY,
    system BIGINT NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
    since BIGINT NOT NULL,
    until BIGINT,
    digest TEXT COLLATE "C" NOT NULL,
    scanned TEXT COLLATE "C" NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    root TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    verdict TEXT COLLATE "C" NOT NULL,
    level_low BIGINT NOT NULL,
    level_high BIGINT NOT NULL,
    hitl TEXT COLLATE "C" NOT NULL,
    priority BIGINT NOT NULL,
    -- Whether it was decided and that holds, so that the queue begins with what was not: `reviews` says what was.
    decided BIGINT NOT NULL DEFAULT 0 CHECK (decided IN (0, 1)),
    body TEXT COLLATE "C" NOT NULL,
    UNIQUE (system, since)
);
CREATE INDEX versions_by_since ON versions (since);
-- What a night reads of each system: the rows themselves, with all that is known of a system, lie far apart.
CREATE INDEX versions_now ON versions (system, scanned, digest) WHERE until IS NULL;
CREATE INDEX versions_by_priority ON versions (priority DESC, title, system) WHERE until IS NULL;
CREATE INDEX versions_to_decide ON versions (priority DESC, title, system) WHERE until IS NULL AND decided = 0;
CREATE INDEX versions_by_level ON versions (level_high DESC, title, system) WHERE until IS NULL;
CREATE INDEX versions_by_title ON versions (title, system) WHERE until IS NULL;
CREATE INDEX versions_by_verdict ON versions (verdict, priority DESC, title, system) WHERE until IS NULL;

-- What was observed of a version: one piece of evidence each.
CREATE TABLE observations (
    version BIGINT NOT NULL REFERENCES versions (id) ON DELETE CASCADE,
    n BIGINT NOT NULL,
    rule TEXT COLLATE "C",
    body TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (version, n)
);

-- What became of a system in a run, where that is not what the run before said.
CREATE TABLE presences (
    system BIGINT NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
    run BIGINT NOT NULL,
    presence TEXT COLLATE "C" NOT NULL CHECK (presence IN ('new', 'present', 'changed', 'missing', 'unseen', 'returned')),
    PRIMARY KEY (system, run)
);
CREATE INDEX presences_by_run ON presences (run);
CREATE INDEX presences_away ON presences (system, run) WHERE presence IN ('missing', 'unseen');

CREATE TABLE events (
    id BIGINT NOT NULL PRIMARY KEY,
    run BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    -- The system that it is about.
    system BIGINT,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('system', 'coverage')),
    body TEXT COLLATE "C" NOT NULL
);
CREATE INDEX events_by_run ON events (run);

-- What systems may be joined by (`correlate::ties`), and identities that belong to none: those have no system, written as 0.
CREATE TABLE ties (
    system BIGINT NOT NULL,
    target BIGINT NOT NULL REFERENCES targets (id),
    far BIGINT NOT NULL CHECK (far IN (0, 1)),
    tie TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (system, target, far, tie)
);
CREATE INDEX ties_by_tie ON ties (tie, far);

-- Systems that are otherwise together with what was seen elsewhere than alone, from one run until another: what each is with its
-- parts, or what it is a part of.
CREATE TABLE joined (
    system BIGINT NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
    since BIGINT NOT NULL,
    until BIGINT,
    -- A system that it is a part of, of which a role may have several; 0 where it is one itself.
    whole BIGINT NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    root TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    verdict TEXT COLLATE "C" NOT NULL,
    level_low BIGINT NOT NULL,
    level_high BIGINT NOT NULL,
    hitl TEXT COLLATE "C" NOT NULL,
    priority BIGINT NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (system, since, whole)
);
CREATE INDEX joined_by_since ON joined (since);
CREATE INDEX joined_by_until ON joined (until) WHERE until IS NOT NULL;
CREATE INDEX joined_now ON joined (system) WHERE until IS NULL;
CREATE INDEX joined_by_whole ON joined (whole) WHERE until IS NULL;

-- The last run after which systems were joined, and whether a tie came or went since.
CREATE TABLE joining (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    run BIGINT NOT NULL,
    anew BIGINT NOT NULL CHECK (anew IN (0, 1))
);
INSERT INTO joining (id, run, anew) VALUES (1, 0, 0);

-- Who is told what happens, and the last event that is not for them.
CREATE TABLE channels (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    heard BIGINT NOT NULL
);

CREATE TABLE deliveries (
    notice TEXT COLLATE "C" NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    delivery TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('pending', 'sent', 'refused')),
    at TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (notice, channel)
);

-- What people decided. Nothing is deleted: of those about one pair that were not undone, the last one holds.
CREATE TABLE decisions (
    id BIGINT NOT NULL PRIMARY KEY,
    decided_at TEXT COLLATE "C" NOT NULL,
    decided_by TEXT COLLATE "C" NOT NULL CHECK (decided_by <> ''),
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('one', 'apart', 'declared', 'not-declared')),
    -- The id of a system as it was called then, or of an entry of a known register.
    subject TEXT COLLATE "C" NOT NULL,
    object TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    undone_at TEXT COLLATE "C",
    undone_by TEXT COLLATE "C"
);

-- What is decided of each system, and how often that was changed. A scan writes here only to open a decision again.
CREATE TABLE reviews (
    system BIGINT NOT NULL PRIMARY KEY REFERENCES systems (id) ON DELETE CASCADE,
    revision BIGINT NOT NULL,
    standing TEXT COLLATE "C" NOT NULL CHECK (standing IN ('needs-review', 'in-review', 'confirmed', 'rejected', 'deferred', 'retired')),
    -- The day from which it does not hold any more.
    until TEXT COLLATE "C",
    body TEXT COLLATE "C" NOT NULL
);
CREATE INDEX reviews_by_until ON reviews (until) WHERE until IS NOT NULL;
CREATE INDEX reviews_by_end ON reviews (COALESCE(until, '9999'), system) WHERE standing IN ('rejected', 'deferred');
CREATE INDEX reviews_by_standing ON reviews (standing, system);

-- Known registers of the organisation, each as it was imported last.
CREATE TABLE registers (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    form TEXT COLLATE "C" NOT NULL,
    imported_at TEXT COLLATE "C" NOT NULL,
    notes TEXT COLLATE "C" NOT NULL
);

CREATE TABLE declared (
    source TEXT COLLATE "C" NOT NULL REFERENCES registers (name),
    id TEXT COLLATE "C" NOT NULL,
    n BIGINT NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (source, id)
);

-- Assessments, each with the structure that it was begun with.
CREATE TABLE assessments (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    structure TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL
);

-- What scans said for an assessment, each time that they were asked; the last one holds.
CREATE TABLE seeds (
    assessment BIGINT NOT NULL REFERENCES assessments (id) ON DELETE CASCADE,
    n BIGINT NOT NULL,
    seeded_at TEXT COLLATE "C" NOT NULL,
    seeded_by TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (assessment, n)
);

-- What people said of each area of an assessment, each time; the last one holds.
CREATE TABLE scores (
    assessment BIGINT NOT NULL REFERENCES assessments (id) ON DELETE CASCADE,
    area TEXT COLLATE "C" NOT NULL,
    n BIGINT NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (assessment, area, n)
);

-- What people did, each entry with the hash of its text, which names the hash of the one before it. Nothing of it is changed or deleted.
CREATE TABLE audit (
    sequence BIGINT NOT NULL PRIMARY KEY,
    -- The system that it is about, as its text says as well.
    system TEXT COLLATE "C",
    body TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL
);
CREATE INDEX audit_by_system ON audit (system, sequence);
CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit log is only added to'; END $$;
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_stays();

-- What lets somebody in: a link that is used once, a session, a token of a program; or a flow, which is a sign-in through a provider
-- that was begun and lets nobody in. The secret itself is nowhere: its hash is.
CREATE TABLE passes (
    hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('link', 'session', 'token', 'flow')),
    person TEXT COLLATE "C" NOT NULL CHECK (person <> ''),
    roles TEXT COLLATE "C" NOT NULL,
    -- What a token is for, or where a flow leads.
    label TEXT COLLATE "C" NOT NULL,
    -- What forms of a session have to hold, or the hash of what the browser holds that began a flow.
    form TEXT COLLATE "C" NOT NULL,
    -- In seconds since 1970: when it was made and used last, and from when on it lets nobody in.
    made BIGINT NOT NULL,
    used BIGINT NOT NULL,
    until BIGINT NOT NULL
);
