-- The sum of the migrations, to be read; written by `make schema`, compared by a test.

CREATE FUNCTION public.append(p_log text, p_start bigint, p_entries bytea[], p_leaves bytea[], p_openings bytea[], p_keys bytea[], p_seqs bigint[], p_tile_levels smallint[], p_tile_ns bigint[], p_tile_hashes bytea[], p_tile_roots bytea[], p_frontier bytea, p_note bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
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

ALTER FUNCTION public.append(p_log text, p_start bigint, p_entries bytea[], p_leaves bytea[], p_openings bytea[], p_keys bytea[], p_seqs bigint[], p_tile_levels smallint[], p_tile_ns bigint[], p_tile_hashes bytea[], p_tile_roots bytea[], p_frontier bytea, p_note bytea) OWNER TO huimin_ballot_owner;

CREATE FUNCTION public.lock_head(p_log text, p_origin text, p_keys bytea[], OUT size bigint, OUT frontier bytea, OUT milestone_size bigint, OUT standing_keys bytea[], OUT standing_seqs bigint[], OUT standing_indexes bigint[], OUT standing_entries bytea[]) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
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

ALTER FUNCTION public.lock_head(p_log text, p_origin text, p_keys bytea[], OUT size bigint, OUT frontier bytea, OUT milestone_size bigint, OUT standing_keys bytea[], OUT standing_seqs bigint[], OUT standing_indexes bigint[], OUT standing_entries bytea[]) OWNER TO huimin_ballot_owner;

CREATE FUNCTION public.lock_log(p_log text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    PERFORM 1 FROM logs l WHERE l.log = p_log FOR NO KEY UPDATE;
END $$;

ALTER FUNCTION public.lock_log(p_log text) OWNER TO huimin_ballot_owner;

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the log is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

ALTER FUNCTION public.refuse_change() OWNER TO huimin_ballot_owner;

CREATE TABLE public.checkpoints (
    log text NOT NULL,
    size bigint NOT NULL,
    frontier bytea NOT NULL,
    note bytea NOT NULL,
    CONSTRAINT checkpoints_size_check CHECK ((size > 0))
);

ALTER TABLE public.checkpoints OWNER TO huimin_ballot_owner;

CREATE TABLE public.entries (
    log text NOT NULL,
    index bigint NOT NULL,
    entry bytea NOT NULL,
    key bytea,
    seq bigint,
    CONSTRAINT entries_check CHECK (((key IS NULL) = (seq IS NULL))),
    CONSTRAINT entries_entry_check CHECK ((octet_length(entry) <= 65535)),
    CONSTRAINT entries_index_check CHECK ((index >= 0))
);
ALTER TABLE ONLY public.entries ALTER COLUMN entry SET STORAGE EXTERNAL;

ALTER TABLE public.entries OWNER TO huimin_ballot_owner;

CREATE TABLE public.logs (
    log text NOT NULL,
    origin text NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.logs OWNER TO huimin_ballot_owner;

CREATE TABLE public.openings (
    log text NOT NULL,
    index bigint NOT NULL,
    opening bytea NOT NULL,
    CONSTRAINT openings_index_check CHECK ((index >= 0)),
    CONSTRAINT openings_opening_check CHECK ((octet_length(opening) <= 65535))
);

ALTER TABLE public.openings OWNER TO huimin_ballot_owner;

CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    applied timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.schema_migrations OWNER TO huimin_ballot_owner;

CREATE TABLE public.tiles (
    log text NOT NULL,
    level smallint NOT NULL,
    n bigint NOT NULL,
    hashes bytea NOT NULL,
    root bytea NOT NULL,
    CONSTRAINT tiles_hashes_check CHECK ((octet_length(hashes) = 8192)),
    CONSTRAINT tiles_level_check CHECK (((level >= 0) AND (level <= 63))),
    CONSTRAINT tiles_n_check CHECK ((n >= 0)),
    CONSTRAINT tiles_root_check CHECK ((octet_length(root) = 32))
);

ALTER TABLE public.tiles OWNER TO huimin_ballot_owner;

ALTER TABLE ONLY public.checkpoints
    ADD CONSTRAINT checkpoints_pkey PRIMARY KEY (log, size);

ALTER TABLE ONLY public.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (log, index);

ALTER TABLE ONLY public.logs
    ADD CONSTRAINT logs_origin_key UNIQUE (origin);

ALTER TABLE ONLY public.logs
    ADD CONSTRAINT logs_pkey PRIMARY KEY (log);

ALTER TABLE ONLY public.openings
    ADD CONSTRAINT openings_pkey PRIMARY KEY (log, index);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.tiles
    ADD CONSTRAINT tiles_pkey PRIMARY KEY (log, level, n);

CREATE UNIQUE INDEX entries_ballot ON public.entries USING btree (log, key, seq) WHERE (key IS NOT NULL);

CREATE INDEX entries_milestone ON public.entries USING btree (log, index) WHERE (key IS NULL);

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.checkpoints FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE public.checkpoints ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.entries FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE public.entries ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.logs FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE public.logs ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.openings FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE public.openings ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.tiles FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE public.tiles ENABLE ALWAYS TRIGGER append_only;

REVOKE USAGE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO huimin_ballot;

REVOKE ALL ON FUNCTION public.append(p_log text, p_start bigint, p_entries bytea[], p_leaves bytea[], p_openings bytea[], p_keys bytea[], p_seqs bigint[], p_tile_levels smallint[], p_tile_ns bigint[], p_tile_hashes bytea[], p_tile_roots bytea[], p_frontier bytea, p_note bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.append(p_log text, p_start bigint, p_entries bytea[], p_leaves bytea[], p_openings bytea[], p_keys bytea[], p_seqs bigint[], p_tile_levels smallint[], p_tile_ns bigint[], p_tile_hashes bytea[], p_tile_roots bytea[], p_frontier bytea, p_note bytea) TO huimin_ballot;

REVOKE ALL ON FUNCTION public.lock_head(p_log text, p_origin text, p_keys bytea[], OUT size bigint, OUT frontier bytea, OUT milestone_size bigint, OUT standing_keys bytea[], OUT standing_seqs bigint[], OUT standing_indexes bigint[], OUT standing_entries bytea[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.lock_head(p_log text, p_origin text, p_keys bytea[], OUT size bigint, OUT frontier bytea, OUT milestone_size bigint, OUT standing_keys bytea[], OUT standing_seqs bigint[], OUT standing_indexes bigint[], OUT standing_entries bytea[]) TO huimin_ballot;

REVOKE ALL ON FUNCTION public.lock_log(p_log text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.lock_log(p_log text) TO huimin_ballot;

REVOKE ALL ON FUNCTION public.refuse_change() FROM PUBLIC;

GRANT SELECT ON TABLE public.checkpoints TO huimin_ballot;

GRANT SELECT ON TABLE public.entries TO huimin_ballot;

GRANT SELECT ON TABLE public.logs TO huimin_ballot;

GRANT SELECT ON TABLE public.openings TO huimin_ballot;

GRANT SELECT ON TABLE public.schema_migrations TO huimin_ballot;

GRANT SELECT ON TABLE public.tiles TO huimin_ballot;

ALTER DEFAULT PRIVILEGES FOR ROLE huimin_ballot_owner REVOKE ALL ON FUNCTIONS FROM PUBLIC;
