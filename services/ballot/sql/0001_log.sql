-- online: yes - makes the tables of a new database
-- The edition logs, append-only by construction. Everything is keyed by `log` first, so that logs can
-- live on different servers. The runtime role `huimin_ballot` reads, and writes by two functions only.

CREATE TABLE logs (
    log     text PRIMARY KEY,
    origin  text NOT NULL UNIQUE,
    created timestamptz NOT NULL DEFAULT now()
);

-- `entry` holds the exact bytes that were hashed. `key` and `seq` are set for ballots alone; an entry
-- without them is a milestone.
CREATE TABLE entries (
    log   text   NOT NULL,
    index bigint NOT NULL CHECK (index >= 0),
    entry bytea  NOT NULL CHECK (octet_length(entry) <= 65535),
    key   bytea,
    seq   bigint,
    PRIMARY KEY (log, index),
    CHECK ((key IS NULL) = (seq IS NULL))
);
ALTER TABLE entries ALTER COLUMN entry SET STORAGE EXTERNAL;

CREATE UNIQUE INDEX entries_ballot ON entries (log, key, seq) WHERE key IS NOT NULL;
CREATE INDEX entries_milestone ON entries (log, index) WHERE key IS NULL;

-- What opens a ballot's commitment. Apart from the entries, so that a reader can be granted the log
-- without the choices.
CREATE TABLE openings (
    log     text   NOT NULL,
    index   bigint NOT NULL CHECK (index >= 0),
    opening bytea  NOT NULL CHECK (octet_length(opening) <= 65535),
    PRIMARY KEY (log, index)
);

-- Full hash tiles; `root` is the tile's hash in the level above.
CREATE TABLE tiles (
    log    text     NOT NULL,
    level  smallint NOT NULL CHECK (level BETWEEN 0 AND 63),
    n      bigint   NOT NULL CHECK (n >= 0),
    hashes bytea    NOT NULL CHECK (octet_length(hashes) = 8192),
    root   bytea    NOT NULL CHECK (octet_length(root) = 32),
    PRIMARY KEY (log, level, n)
);

-- Every checkpoint ever signed, with the tree's frontier at its size. The newest is the log's head.
CREATE TABLE checkpoints (
    log      text   NOT NULL,
    size     bigint NOT NULL CHECK (size > 0),
    frontier bytea  NOT NULL,
    note     bytea  NOT NULL,
    PRIMARY KEY (log, size)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the log is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['logs', 'entries', 'openings', 'tiles', 'checkpoints'] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
             FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
    END LOOP;
END $$;

-- Wait for the log's head and hold it until the transaction ends.
CREATE FUNCTION lock_log(p_log text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM logs l WHERE l.log = p_log FOR NO KEY UPDATE;
END $$;

-- Lock the log's head until the transaction ends and say where it stands: size and frontier, log size
-- just after the last milestone, and for each of these voter keys the ballot that counts.
-- A log that does not exist is begun when an origin is given.
CREATE FUNCTION lock_head(
    p_log text, p_origin text, p_keys bytea[],
    OUT size bigint, OUT frontier bytea, OUT milestone_size bigint,
    OUT standing_keys bytea[], OUT standing_seqs bigint[], OUT standing_indexes bigint[],
    OUT standing_entries bytea[]
) LANGUAGE plpgsql SECURITY DEFINER
-- Each statement here is a look-up by key; with the statistics of an empty table the planner would
-- scan, and a prepared plan would go on scanning when the table has grown.
SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
    IF p_origin IS NOT NULL THEN
        INSERT INTO logs (log, origin) VALUES (p_log, p_origin) ON CONFLICT (log) DO NOTHING;
    END IF;
    -- The statements below run after the lock is held, so they see all that was committed before.
    PERFORM 1 FROM logs l WHERE l.log = p_log FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no log %', p_log USING ERRCODE = 'no_data_found';
    END IF;
    SELECT c.size, c.frontier INTO size, frontier
        FROM checkpoints c WHERE c.log = p_log ORDER BY c.size DESC LIMIT 1;
    size := coalesce(size, 0);
    frontier := coalesce(frontier, '');
    SELECT e.index + 1 INTO milestone_size
        FROM entries e WHERE e.log = p_log AND e.key IS NULL ORDER BY e.index DESC LIMIT 1;
    milestone_size := coalesce(milestone_size, 0);
    SELECT array_agg(s.key), array_agg(s.seq), array_agg(s.index), array_agg(s.entry)
        INTO standing_keys, standing_seqs, standing_indexes, standing_entries
        FROM unnest(p_keys) AS k(key) CROSS JOIN LATERAL (
            SELECT e.key, e.seq, e.index, e.entry FROM entries e
            WHERE e.log = p_log AND e.key = k.key AND e.key IS NOT NULL
            ORDER BY e.seq DESC LIMIT 1
        ) AS s;
END $$;

-- Append entries from `p_start` on, with all that belongs to them, and the checkpoint over them.
-- Refuses when the head is elsewhere, and when a leaf hash is not that of the bytes being stored.
CREATE FUNCTION append(
    p_log text, p_start bigint,
    p_entries bytea[], p_leaves bytea[], p_openings bytea[], p_keys bytea[], p_seqs bigint[],
    p_tile_levels smallint[], p_tile_ns bigint[], p_tile_hashes bytea[], p_tile_roots bytea[],
    p_frontier bytea, p_note bytea
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    head bigint;
BEGIN
    PERFORM 1 FROM logs l WHERE l.log = p_log FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no log %', p_log USING ERRCODE = 'no_data_found';
    END IF;
    SELECT coalesce(max(c.size), 0) INTO head FROM checkpoints c WHERE c.log = p_log;
    IF head <> p_start THEN
        RAISE EXCEPTION 'the head of % is at % and not at %', p_log, head, p_start
            USING ERRCODE = 'serialization_failure';
    END IF;
    IF EXISTS (
        SELECT FROM unnest(p_entries, p_leaves) AS u(entry, leaf)
        WHERE u.leaf IS DISTINCT FROM sha256('\x00'::bytea || u.entry)
    ) THEN
        RAISE EXCEPTION 'a leaf hash is not that of its entry' USING ERRCODE = 'data_corrupted';
    END IF;
    INSERT INTO entries (log, index, entry, key, seq)
        SELECT p_log, p_start + u.o - 1, u.entry, u.key, u.seq
        FROM unnest(p_entries, p_keys, p_seqs) WITH ORDINALITY AS u(entry, key, seq, o);
    INSERT INTO openings (log, index, opening)
        SELECT p_log, p_start + u.o - 1, u.opening
        FROM unnest(p_openings) WITH ORDINALITY AS u(opening, o) WHERE u.opening IS NOT NULL;
    INSERT INTO tiles (log, level, n, hashes, root)
        SELECT p_log, u.level, u.n, u.hashes, u.root
        FROM unnest(p_tile_levels, p_tile_ns, p_tile_hashes, p_tile_roots)
            AS u(level, n, hashes, root);
    INSERT INTO checkpoints (log, size, frontier, note)
        VALUES (p_log, p_start + cardinality(p_entries), p_frontier, p_note);
    -- Whatever the session was set to: an acknowledged ballot is on disk. (`on` and stronger stay.)
    IF current_setting('synchronous_commit') IN ('off', 'local', 'remote_write') THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
END $$;

REVOKE ALL ON FUNCTION lock_log, lock_head, append FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lock_log, lock_head, append TO huimin_ballot;
GRANT SELECT ON logs, entries, openings, tiles, checkpoints, schema_migrations TO huimin_ballot;
