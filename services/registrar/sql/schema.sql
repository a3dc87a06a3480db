-- The sum of the migrations, to be read; written by `make schema`, compared by a test.

CREATE FUNCTION public.keep_commitment() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.mode IS NOT NULL THEN
            RAISE EXCEPTION 'edition % is committed', OLD.edition
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.mode IS NOT NULL AND (
        (NEW.edition, NEW.size, NEW.mode, NEW.root, NEW.issuer_key)
            IS DISTINCT FROM (OLD.edition, OLD.size, OLD.mode, OLD.root, OLD.issuer_key)
        OR NEW.with_phone > OLD.with_phone
        OR NEW.reported < OLD.reported
        OR NEW.wrapped_key IS DISTINCT FROM OLD.wrapped_key AND NOT NEW.reported
    ) OR NEW.counter_serial < OLD.counter_serial THEN
        RAISE EXCEPTION 'the commitment of % cannot change', OLD.edition
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

ALTER FUNCTION public.keep_commitment() OWNER TO huimin_registrar_owner;

CREATE FUNCTION public.keep_sealed_roll() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    -- The lock waits for a commitment that is under way, and the statement then sees it.
    PERFORM 1 FROM editions e
        WHERE e.edition IN (SELECT DISTINCT c.edition FROM changed c) FOR SHARE;
    IF EXISTS (
        SELECT FROM editions e
        WHERE e.edition IN (SELECT DISTINCT c.edition FROM changed c) AND e.mode IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'the roll is sealed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;

ALTER FUNCTION public.keep_sealed_roll() OWNER TO huimin_registrar_owner;

CREATE FUNCTION public.may_issue() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    found editions;
BEGIN
    SELECT * INTO found FROM editions e WHERE e.edition = NEW.edition FOR SHARE;
    IF found.mode IS NULL OR found.reported THEN
        RAISE EXCEPTION 'no credential is issued in % now', NEW.edition
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF found.mode = 'roll' AND NOT EXISTS (
        SELECT FROM roll r WHERE r.edition = NEW.edition AND r.reference = NEW.reference
    ) THEN
        RAISE EXCEPTION 'only people on the roll get a credential'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

ALTER FUNCTION public.may_issue() OWNER TO huimin_registrar_owner;

CREATE FUNCTION public.only_forget_phones() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    IF EXISTS (SELECT FROM changed c WHERE c.phone IS NOT NULL)
        OR EXISTS (SELECT c.edition, c.reference FROM changed c
                   EXCEPT SELECT f.edition, f.reference FROM former f)
        OR EXISTS (SELECT FROM editions e
                   WHERE e.edition IN (SELECT DISTINCT c.edition FROM changed c)
                       AND NOT e.reported)
    THEN
        RAISE EXCEPTION 'records of a roll do not change' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;

ALTER FUNCTION public.only_forget_phones() OWNER TO huimin_registrar_owner;

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: it is kept for good', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

ALTER FUNCTION public.refuse_change() OWNER TO huimin_registrar_owner;

CREATE FUNCTION public.use_counter_code_once() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    IF (NEW.edition, NEW.code_hash, NEW.serial, NEW.batch)
            IS DISTINCT FROM (OLD.edition, OLD.code_hash, OLD.serial, OLD.batch)
        OR OLD.used_by IS NOT NULL AND NEW.used_by IS DISTINCT FROM OLD.used_by
        OR NEW.voided < OLD.voided
    THEN
        RAISE EXCEPTION 'a counter code is used once' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

ALTER FUNCTION public.use_counter_code_once() OWNER TO huimin_registrar_owner;

CREATE TABLE public.caps (
    scope text NOT NULL,
    subject bytea NOT NULL,
    used integer NOT NULL,
    ends timestamp with time zone NOT NULL
);

ALTER TABLE public.caps OWNER TO huimin_registrar_owner;

CREATE TABLE public.challenges (
    challenge bytea NOT NULL,
    edition text NOT NULL,
    reference bytea NOT NULL,
    code_hash bytea NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    expires timestamp with time zone NOT NULL,
    CONSTRAINT challenges_challenge_check CHECK ((octet_length(challenge) = 16)),
    CONSTRAINT challenges_code_hash_check CHECK ((octet_length(code_hash) = 32)),
    CONSTRAINT challenges_reference_check CHECK ((octet_length(reference) = 32))
);

ALTER TABLE public.challenges OWNER TO huimin_registrar_owner;

CREATE TABLE public.counter_codes (
    edition text NOT NULL,
    code_hash bytea NOT NULL,
    serial bigint NOT NULL,
    batch text NOT NULL,
    used_by bytea,
    voided boolean DEFAULT false NOT NULL,
    CONSTRAINT counter_codes_code_hash_check CHECK ((octet_length(code_hash) = 32)),
    CONSTRAINT counter_codes_serial_check CHECK ((serial > 0)),
    CONSTRAINT counter_codes_used_by_check CHECK ((octet_length(used_by) = 32)),
    CONSTRAINT counter_codes_void_is_unused CHECK (((NOT voided) OR (used_by IS NULL)))
);

ALTER TABLE public.counter_codes OWNER TO huimin_registrar_owner;

CREATE TABLE public.editions (
    edition text NOT NULL,
    size bigint DEFAULT 0 NOT NULL,
    with_phone bigint DEFAULT 0 NOT NULL,
    mode text,
    root bytea,
    issuer_key bytea,
    wrapped_key bytea,
    counter_serial bigint DEFAULT 0 NOT NULL,
    reported boolean DEFAULT false NOT NULL,
    CONSTRAINT editions_check CHECK (((with_phone >= 0) AND (with_phone <= size))),
    CONSTRAINT editions_check1 CHECK ((((mode IS NULL) = (root IS NULL)) AND ((mode IS NULL) = (issuer_key IS NULL)))),
    CONSTRAINT editions_check2 CHECK (((wrapped_key IS NOT NULL) = ((mode IS NOT NULL) AND (NOT reported)))),
    CONSTRAINT editions_mode_check CHECK ((mode = ANY (ARRAY['roll'::text, 'phone'::text]))),
    CONSTRAINT editions_root_check CHECK ((octet_length(root) = 32)),
    CONSTRAINT editions_size_check CHECK ((size >= 0))
);

ALTER TABLE public.editions OWNER TO huimin_registrar_owner;

CREATE TABLE public.issuances (
    edition text NOT NULL,
    reference bytea NOT NULL,
    blinded_hash bytea NOT NULL,
    channel text NOT NULL,
    CONSTRAINT issuances_blinded_hash_check CHECK ((octet_length(blinded_hash) = 32)),
    CONSTRAINT issuances_channel_check CHECK ((channel = ANY (ARRAY['phone'::text, 'counter'::text]))),
    CONSTRAINT issuances_reference_check CHECK ((octet_length(reference) = 32))
);

ALTER TABLE public.issuances OWNER TO huimin_registrar_owner;

CREATE TABLE public.puzzles (
    puzzle bytea NOT NULL,
    expires timestamp with time zone NOT NULL
);

ALTER TABLE public.puzzles OWNER TO huimin_registrar_owner;

CREATE TABLE public.roll (
    edition text NOT NULL,
    reference bytea NOT NULL,
    phone bytea,
    CONSTRAINT roll_reference_check CHECK ((octet_length(reference) = 32))
);

ALTER TABLE public.roll OWNER TO huimin_registrar_owner;

CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    applied timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.schema_migrations OWNER TO huimin_registrar_owner;

ALTER TABLE ONLY public.caps
    ADD CONSTRAINT caps_pkey PRIMARY KEY (scope, subject);

ALTER TABLE ONLY public.challenges
    ADD CONSTRAINT challenges_pkey PRIMARY KEY (challenge);

ALTER TABLE ONLY public.counter_codes
    ADD CONSTRAINT counter_codes_edition_serial_key UNIQUE (edition, serial);

ALTER TABLE ONLY public.counter_codes
    ADD CONSTRAINT counter_codes_pkey PRIMARY KEY (edition, code_hash);

ALTER TABLE ONLY public.editions
    ADD CONSTRAINT editions_pkey PRIMARY KEY (edition);

ALTER TABLE ONLY public.issuances
    ADD CONSTRAINT issuances_pkey PRIMARY KEY (edition, reference);

ALTER TABLE ONLY public.puzzles
    ADD CONSTRAINT puzzles_pkey PRIMARY KEY (puzzle);

ALTER TABLE ONLY public.roll
    ADD CONSTRAINT roll_pkey PRIMARY KEY (edition, reference);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

CREATE INDEX caps_ends ON public.caps USING btree (ends);

CREATE INDEX challenges_expires ON public.challenges USING btree (expires);

CREATE INDEX puzzles_expires ON public.puzzles USING btree (expires);

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.issuances FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE public.issuances ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER keep_commitment BEFORE DELETE OR UPDATE ON public.editions FOR EACH ROW EXECUTE FUNCTION public.keep_commitment();

ALTER TABLE public.editions ENABLE ALWAYS TRIGGER keep_commitment;

CREATE TRIGGER keep_commitment_whole BEFORE TRUNCATE ON public.editions FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE public.editions ENABLE ALWAYS TRIGGER keep_commitment_whole;

CREATE TRIGGER keep_counter_codes BEFORE DELETE OR TRUNCATE ON public.counter_codes FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE public.counter_codes ENABLE ALWAYS TRIGGER keep_counter_codes;

CREATE TRIGGER keep_roll BEFORE TRUNCATE ON public.roll FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE public.roll ENABLE ALWAYS TRIGGER keep_roll;

CREATE TRIGGER keep_sealed_roll_from_additions AFTER INSERT ON public.roll REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.keep_sealed_roll();

ALTER TABLE public.roll ENABLE ALWAYS TRIGGER keep_sealed_roll_from_additions;

CREATE TRIGGER keep_sealed_roll_from_removals AFTER DELETE ON public.roll REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.keep_sealed_roll();

ALTER TABLE public.roll ENABLE ALWAYS TRIGGER keep_sealed_roll_from_removals;

CREATE TRIGGER may_issue BEFORE INSERT ON public.issuances FOR EACH ROW EXECUTE FUNCTION public.may_issue();

ALTER TABLE public.issuances ENABLE ALWAYS TRIGGER may_issue;

CREATE TRIGGER only_forget_phones AFTER UPDATE ON public.roll REFERENCING OLD TABLE AS former NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.only_forget_phones();

ALTER TABLE public.roll ENABLE ALWAYS TRIGGER only_forget_phones;

CREATE TRIGGER use_counter_code_once BEFORE UPDATE ON public.counter_codes FOR EACH ROW EXECUTE FUNCTION public.use_counter_code_once();

ALTER TABLE public.counter_codes ENABLE ALWAYS TRIGGER use_counter_code_once;

ALTER TABLE ONLY public.challenges
    ADD CONSTRAINT challenges_edition_fkey FOREIGN KEY (edition) REFERENCES public.editions(edition);

ALTER TABLE ONLY public.counter_codes
    ADD CONSTRAINT counter_codes_edition_fkey FOREIGN KEY (edition) REFERENCES public.editions(edition);

ALTER TABLE ONLY public.issuances
    ADD CONSTRAINT issuances_edition_fkey FOREIGN KEY (edition) REFERENCES public.editions(edition);

ALTER TABLE ONLY public.roll
    ADD CONSTRAINT roll_edition_fkey FOREIGN KEY (edition) REFERENCES public.editions(edition);

REVOKE USAGE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO huimin_registrar;

REVOKE ALL ON FUNCTION public.keep_commitment() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.keep_sealed_roll() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.may_issue() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.only_forget_phones() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.refuse_change() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.use_counter_code_once() FROM PUBLIC;

GRANT SELECT,INSERT,DELETE ON TABLE public.caps TO huimin_registrar;

GRANT UPDATE(used) ON TABLE public.caps TO huimin_registrar;

GRANT UPDATE(ends) ON TABLE public.caps TO huimin_registrar;

GRANT SELECT,DELETE ON TABLE public.challenges TO huimin_registrar;

GRANT INSERT(challenge) ON TABLE public.challenges TO huimin_registrar;

GRANT INSERT(edition) ON TABLE public.challenges TO huimin_registrar;

GRANT INSERT(reference) ON TABLE public.challenges TO huimin_registrar;

GRANT INSERT(code_hash) ON TABLE public.challenges TO huimin_registrar;

GRANT UPDATE(attempts) ON TABLE public.challenges TO huimin_registrar;

GRANT INSERT(expires) ON TABLE public.challenges TO huimin_registrar;

GRANT SELECT ON TABLE public.counter_codes TO huimin_registrar;

GRANT INSERT(edition) ON TABLE public.counter_codes TO huimin_registrar;

GRANT INSERT(code_hash) ON TABLE public.counter_codes TO huimin_registrar;

GRANT INSERT(serial) ON TABLE public.counter_codes TO huimin_registrar;

GRANT INSERT(batch) ON TABLE public.counter_codes TO huimin_registrar;

GRANT UPDATE(used_by) ON TABLE public.counter_codes TO huimin_registrar;

GRANT UPDATE(voided) ON TABLE public.counter_codes TO huimin_registrar;

GRANT SELECT ON TABLE public.editions TO huimin_registrar;

GRANT INSERT(edition) ON TABLE public.editions TO huimin_registrar;

GRANT UPDATE(size) ON TABLE public.editions TO huimin_registrar;

GRANT UPDATE(with_phone) ON TABLE public.editions TO huimin_registrar;

GRANT UPDATE(mode) ON TABLE public.editions TO huimin_registrar;

GRANT UPDATE(root) ON TABLE public.editions TO huimin_registrar;

GRANT UPDATE(issuer_key) ON TABLE public.editions TO huimin_registrar;

GRANT UPDATE(wrapped_key) ON TABLE public.editions TO huimin_registrar;

GRANT UPDATE(counter_serial) ON TABLE public.editions TO huimin_registrar;

GRANT UPDATE(reported) ON TABLE public.editions TO huimin_registrar;

GRANT SELECT,INSERT ON TABLE public.issuances TO huimin_registrar;

GRANT SELECT,INSERT,DELETE ON TABLE public.puzzles TO huimin_registrar;

GRANT UPDATE(expires) ON TABLE public.puzzles TO huimin_registrar;

GRANT SELECT,INSERT,DELETE,MAINTAIN ON TABLE public.roll TO huimin_registrar;

GRANT UPDATE(phone) ON TABLE public.roll TO huimin_registrar;

GRANT SELECT ON TABLE public.schema_migrations TO huimin_registrar;

ALTER DEFAULT PRIVILEGES FOR ROLE huimin_registrar_owner REVOKE ALL ON FUNCTIONS FROM PUBLIC;
