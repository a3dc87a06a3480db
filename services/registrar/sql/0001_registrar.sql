-- online: yes - makes the tables of a new database
-- Who may vote in each edition, and who got a credential. People appear only as references: keyed
-- hashes that mean nothing without the registrar's key, and differ from edition to edition.

-- One row for each edition. `mode` is set when the roll is sealed, and with it the commitment and
-- the issuer's key: `issuer_key` is its SPKI, `wrapped_key` the private key under the registrar's,
-- gone once issuance was reported.
CREATE TABLE editions (
    edition        text    PRIMARY KEY,
    size           bigint  NOT NULL DEFAULT 0 CHECK (size >= 0),
    with_phone     bigint  NOT NULL DEFAULT 0 CHECK (with_phone BETWEEN 0 AND size),
    mode           text    CHECK (mode IN ('roll', 'phone')),
    root           bytea   CHECK (octet_length(root) = 32),
    issuer_key     bytea,
    wrapped_key    bytea,
    counter_serial bigint  NOT NULL DEFAULT 0,
    reported       boolean NOT NULL DEFAULT false,
    CHECK ((mode IS NULL) = (root IS NULL) AND (mode IS NULL) = (issuer_key IS NULL)),
    CHECK ((wrapped_key IS NOT NULL) = (mode IS NOT NULL AND NOT reported))
);

-- `phone` is encrypted for each record by itself; null where there is none, or when it was forgotten.
CREATE TABLE roll (
    edition   text  NOT NULL REFERENCES editions,
    reference bytea NOT NULL CHECK (octet_length(reference) = 32),
    phone     bytea,
    PRIMARY KEY (edition, reference)
);

-- A one-time code that was asked for. `code_hash` fits no code at all if the person has no phone on
-- the roll, or is not on it.
CREATE TABLE challenges (
    challenge bytea       PRIMARY KEY CHECK (octet_length(challenge) = 16),
    edition   text        NOT NULL REFERENCES editions,
    reference bytea       NOT NULL,
    code_hash bytea       NOT NULL,
    attempts  smallint    NOT NULL DEFAULT 0,
    expires   timestamptz NOT NULL
);
CREATE INDEX challenges_expires ON challenges (expires);

-- Credentials issued: one for each person and edition, for good. Which one it is, nobody can tell:
-- `blinded_hash` only lets the same request be answered again.
CREATE TABLE issuances (
    edition      text  NOT NULL REFERENCES editions,
    reference    bytea NOT NULL CHECK (octet_length(reference) = 32),
    blinded_hash bytea NOT NULL CHECK (octet_length(blinded_hash) = 32),
    channel      text  NOT NULL CHECK (channel IN ('phone', 'counter')),
    PRIMARY KEY (edition, reference)
);

-- Sealed codes that were printed for counters. `used_by` is the person whom it stood for.
CREATE TABLE counter_codes (
    edition   text   NOT NULL REFERENCES editions,
    code_hash bytea  NOT NULL CHECK (octet_length(code_hash) = 32),
    serial    bigint NOT NULL CHECK (serial > 0),
    batch     text   NOT NULL,
    used_by   bytea,
    PRIMARY KEY (edition, code_hash),
    UNIQUE (edition, serial)
);

-- Uses counted in windows (shared.service.caps), and puzzles that were redeemed.
CREATE TABLE caps (
    scope   text        NOT NULL,
    subject bytea       NOT NULL,
    used    integer     NOT NULL,
    ends    timestamptz NOT NULL,
    PRIMARY KEY (scope, subject)
);
CREATE INDEX caps_ends ON caps (ends);

CREATE TABLE puzzles (
    puzzle  bytea       PRIMARY KEY,
    expires timestamptz NOT NULL
);
CREATE INDEX puzzles_expires ON puzzles (expires);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: it is kept for good', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

-- What was committed stays as it was committed; issuance, once reported, stays reported.
CREATE FUNCTION keep_commitment() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE TRIGGER keep_commitment BEFORE UPDATE OR DELETE ON editions
    FOR EACH ROW EXECUTE FUNCTION keep_commitment();
CREATE TRIGGER keep_commitment_whole BEFORE TRUNCATE ON editions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- People are added to and removed from an open roll only. By statement: a roll has a million rows.
CREATE FUNCTION keep_sealed_roll() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE TRIGGER keep_sealed_roll_from_additions AFTER INSERT ON roll
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_sealed_roll();
CREATE TRIGGER keep_sealed_roll_from_removals AFTER DELETE ON roll
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_sealed_roll();
CREATE TRIGGER keep_roll BEFORE TRUNCATE ON roll
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The one change that a record may see: its phone is forgotten, after issuance was reported.
CREATE FUNCTION only_forget_phones() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE TRIGGER only_forget_phones AFTER UPDATE ON roll
    REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION only_forget_phones();

-- A credential goes to someone on the roll, while issuance is not reported. The lock makes a report
-- wait for issuances under way, and an issuance that comes later see the report.
CREATE FUNCTION may_issue() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE TRIGGER may_issue BEFORE INSERT ON issuances
    FOR EACH ROW EXECUTE FUNCTION may_issue();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON issuances
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A counter code is used once, and by the person who used it.
CREATE FUNCTION use_counter_code_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.edition, NEW.code_hash, NEW.serial, NEW.batch)
            IS DISTINCT FROM (OLD.edition, OLD.code_hash, OLD.serial, OLD.batch)
        OR OLD.used_by IS NOT NULL AND NEW.used_by IS DISTINCT FROM OLD.used_by
    THEN
        RAISE EXCEPTION 'a counter code is used once' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER use_counter_code_once BEFORE UPDATE ON counter_codes
    FOR EACH ROW EXECUTE FUNCTION use_counter_code_once();
CREATE TRIGGER keep_counter_codes BEFORE DELETE OR TRUNCATE ON counter_codes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT, UPDATE ON editions TO huimin_registrar;
-- MAINTAIN: new rolls are analysed, and forgotten phones vacuumed away.
GRANT SELECT, INSERT, DELETE, UPDATE (phone), MAINTAIN ON roll TO huimin_registrar;
GRANT SELECT, INSERT, UPDATE, DELETE ON challenges, caps, puzzles TO huimin_registrar;
GRANT SELECT, INSERT ON issuances TO huimin_registrar;
GRANT SELECT, INSERT, UPDATE (used_by) ON counter_codes TO huimin_registrar;
GRANT SELECT ON schema_migrations TO huimin_registrar;

-- A roll is checked as a whole, in a temporary table, before any of it becomes the roll.
DO $$ BEGIN
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO huimin_registrar', current_database());
END $$;
