-- What a store remembers. The tables of both dialects are the same; agent/docs/store.md describes them.

-- The next number of each kind. Taken with a lock, so that two scans never take one number.
CREATE TABLE sequences (
    name TEXT NOT NULL PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO sequences (name, next) VALUES ('run', 1), ('target', 1), ('system', 1), ('version', 1), ('event', 1), ('decision', 1), ('audit', 1), ('assessment', 1);

CREATE TABLE runs (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'interrupted')),
    started_at TEXT NOT NULL,
    finished_at TEXT,
    tool TEXT NOT NULL,
    rules TEXT NOT NULL
) STRICT;

-- Texts that many runs share, by their digest.
CREATE TABLE documents (
    digest TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE targets (
    id INTEGER NOT NULL PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    place TEXT NOT NULL,
    shown TEXT NOT NULL,
    recorded INTEGER NOT NULL
) STRICT;
CREATE INDEX targets_by_place ON targets (place);

CREATE TABLE coverage (
    target INTEGER NOT NULL REFERENCES targets (id),
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    commit_id TEXT,
    seen INTEGER NOT NULL,
    complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
    gaps TEXT NOT NULL REFERENCES documents (digest),
    loose TEXT NOT NULL REFERENCES documents (digest),
    PRIMARY KEY (target, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX coverage_by_run ON coverage (run);
CREATE INDEX coverage_by_gaps ON coverage (gaps);
CREATE INDEX coverage_by_loose ON coverage (loose);

CREATE TABLE systems (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    target INTEGER NOT NULL REFERENCES targets (id),
    first_run INTEGER NOT NULL,
    first_seen TEXT NOT NULL,
    -- What became of it in the run beside it; in a later run of its target that says nothing, it is as it was.
    presence TEXT NOT NULL CHECK (presence IN ('new', 'present', 'changed', 'missing', 'unseen', 'returned')),
    presence_run INTEGER NOT NULL,
    -- The last run that found it; null while the last one did.
    seen_run INTEGER,
    seen_at TEXT
) STRICT;
CREATE INDEX systems_by_target ON systems (target);

CREATE TABLE aliases (
    target INTEGER NOT NULL REFERENCES targets (id),
    alias TEXT NOT NULL,
    system INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
    PRIMARY KEY (target, alias)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_by_system ON aliases (system);

-- What was known of a system from one run until another; the present one has no end.
CREATE TABLE versions (
    id INTEGER NOT NULL PRIMARY KEY,
    system INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
    since INTEGER NOT NULL,
    until INTEGER,
    digest TEXT NOT NULL,
    scanned TEXT NOT NULL,
    title TEXT NOT NULL,
    root TEXT NOT NULL,
    kind TEXT NOT NULL,
    role TEXT NOT NULL,
    verdict TEXT NOT NULL,
    level_low INTEGER NOT NULL,
    level_high INTEGER NOT NULL,
    hitl TEXT NOT NULL,
    priority INTEGER NOT NULL,
    -- Whether it was decided and that holds, so that the queue begins with what was not: `reviews` says what was.
    decided INTEGER NOT NULL DEFAULT 0 CHECK (decided IN (0, 1)),
    body TEXT NOT NULL,
    UNIQUE (system, since)
) STRICT;
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
    version INTEGER NOT NULL REFERENCES versions (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    rule TEXT,
    body TEXT NOT NULL,
    PRIMARY KEY (version, n)
) STRICT, WITHOUT ROWID;

-- What became of a system in a run, where that is not what the run before said.
CREATE TABLE presences (
    system INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
    run INTEGER NOT NULL,
    presence TEXT NOT NULL CHECK (presence IN ('new', 'present', 'changed', 'missing', 'unseen', 'returned')),
    PRIMARY KEY (system, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX presences_by_run ON presences (run);
CREATE INDEX presences_away ON presences (system, run) WHERE presence IN ('missing', 'unseen');

CREATE TABLE events (
    id INTEGER NOT NULL PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    -- The system that it is about.
    system INTEGER,
    kind TEXT NOT NULL CHECK (kind IN ('system', 'coverage')),
    body TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_run ON events (run);

-- What systems may be joined by (`correlate::ties`), and identities that belong to none: those have no system, written as 0.
CREATE TABLE ties (
    system INTEGER NOT NULL,
    target INTEGER NOT NULL REFERENCES targets (id),
    far INTEGER NOT NULL CHECK (far IN (0, 1)),
    tie TEXT NOT NULL,
    PRIMARY KEY (system, target, far, tie)
) STRICT, WITHOUT ROWID;
CREATE INDEX ties_by_tie ON ties (tie, far);

-- Systems that are otherwise together with what was seen elsewhere than alone, from one run until another: what each is with its
-- parts, or what it is a part of.
CREATE TABLE joined (
    system INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
    since INTEGER NOT NULL,
    until INTEGER,
    -- A system that it is a part of, of which a role may have several; 0 where it is one itself.
    whole INTEGER NOT NULL,
    digest TEXT NOT NULL,
    title TEXT NOT NULL,
    root TEXT NOT NULL,
    kind TEXT NOT NULL,
    role TEXT NOT NULL,
    verdict TEXT NOT NULL,
    level_low INTEGER NOT NULL,
    level_high INTEGER NOT NULL,
    hitl TEXT NOT NULL,
    priority INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (system, since, whole)
) STRICT, WITHOUT ROWID;
CREATE INDEX joined_by_since ON joined (since);
CREATE INDEX joined_by_until ON joined (until) WHERE until IS NOT NULL;
CREATE INDEX joined_now ON joined (system) WHERE until IS NULL;
CREATE INDEX joined_by_whole ON joined (whole) WHERE until IS NULL;

-- The last run after which systems were joined, and whether a tie came or went since.
CREATE TABLE joining (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    run INTEGER NOT NULL,
    anew INTEGER NOT NULL CHECK (anew IN (0, 1))
) STRICT;
INSERT INTO joining (id, run, anew) VALUES (1, 0, 0);

-- Who is told what happens, and the last event that is not for them.
CREATE TABLE channels (
    name TEXT NOT NULL PRIMARY KEY,
    heard INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
    notice TEXT NOT NULL,
    channel TEXT NOT NULL,
    delivery TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'refused')),
    at TEXT NOT NULL,
    PRIMARY KEY (notice, channel)
) STRICT, WITHOUT ROWID;

-- What people decided. Nothing is deleted: of those about one pair that were not undone, the last one holds.
CREATE TABLE decisions (
    id INTEGER NOT NULL PRIMARY KEY,
    decided_at TEXT NOT NULL,
    decided_by TEXT NOT NULL CHECK (decided_by <> ''),
    kind TEXT NOT NULL CHECK (kind IN ('one', 'apart', 'declared', 'not-declared')),
    -- The id of a system as it was called then, or of an entry of a known register.
    subject TEXT NOT NULL,
    object TEXT NOT NULL,
    reason TEXT NOT NULL,
    undone_at TEXT,
    undone_by TEXT
) STRICT;

-- What is decided of each system, and how often that was changed. A scan writes here only to open a decision again.
CREATE TABLE reviews (
    system INTEGER NOT NULL PRIMARY KEY REFERENCES systems (id) ON DELETE CASCADE,
    revision INTEGER NOT NULL,
    standing TEXT NOT NULL CHECK (standing IN ('needs-review', 'in-review', 'confirmed', 'rejected', 'deferred', 'retired')),
    -- The day from which it does not hold any more.
    until TEXT,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX reviews_by_until ON reviews (until) WHERE until IS NOT NULL;
CREATE INDEX reviews_by_end ON reviews (COALESCE(until, '9999'), system) WHERE standing IN ('rejected', 'deferred');
CREATE INDEX reviews_by_standing ON reviews (standing, system);

-- Known registers of the organisation, each as it was imported last.
CREATE TABLE registers (
    name TEXT NOT NULL PRIMARY KEY,
    form TEXT NOT NULL,
    imported_at TEXT NOT NULL,
    notes TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE declared (
    source TEXT NOT NULL REFERENCES registers (name),
    id TEXT NOT NULL,
    n INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (source, id)
) STRICT, WITHOUT ROWID;

-- Assessments, each with the structure that it was begun with.
CREATE TABLE assessments (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    structure TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- What scans said for an assessment, each time that they were asked; the last one holds.
CREATE TABLE seeds (
    assessment INTEGER NOT NULL REFERENCES assessments (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    seeded_at TEXT NOT NULL,
    seeded_by TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (assessment, n)
) STRICT, WITHOUT ROWID;

-- What people said of each area of an assessment, each time; the last one holds.
CREATE TABLE scores (
    assessment INTEGER NOT NULL REFERENCES assessments (id) ON DELETE CASCADE,
    area TEXT NOT NULL,
    n INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (assessment, area, n)
) STRICT, WITHOUT ROWID;

-- What people did, each entry with the hash of its text, which names the hash of the one before it. Nothing of it is changed or deleted.
CREATE TABLE audit (
    sequence INTEGER NOT NULL PRIMARY KEY,
    -- The system that it is about, as its text says as well.
    system TEXT,
    body TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_system ON audit (system, sequence);
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_remains BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;

-- What lets somebody in: a link that is used once, a session, a token of a program; or a flow, which is a sign-in through a provider
-- that was begun and lets nobody in. The secret itself is nowhere: its hash is.
CREATE TABLE passes (
    hash TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('link', 'session', 'token', 'flow')),
    person TEXT NOT NULL CHECK (person <> ''),
    roles TEXT NOT NULL,
    -- What a token is for, or where a flow leads.
    label TEXT NOT NULL,
    -- What forms of a session have to hold, or the hash of what the browser holds that began a flow.
    form TEXT NOT NULL,
    -- In seconds since 1970: when it was made and used last, and from when on it lets nobody in.
    made INTEGER NOT NULL,
    used INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
