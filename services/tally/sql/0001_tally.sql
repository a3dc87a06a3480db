-- online: yes - makes the tables of a new database
-- What the tally has verified and counted. Everything here can be made again from the logs; the one
-- thing that must not be lost lightly is `head`: a log is held to what it signed before.

-- One row for each edition: how far its log was verified, and what was counted up to there.
-- `frontier` and `openings` are the right edges of the trees over entries and openings at `size`.
-- `head` is the newest checkpoint (a signed note) that was verified, never behind `size`; it is
-- ahead while entries below it are still being read. `at_close` is the last snapshot before choices
-- became public; when it is set, counting has begun again from index 0 with the openings.
CREATE TABLE editions (
    edition        text   PRIMARY KEY,
    size           bigint NOT NULL DEFAULT 0 CHECK (size >= 0),
    frontier       bytea  NOT NULL DEFAULT '',
    openings       bytea  NOT NULL DEFAULT '',
    counts         jsonb  NOT NULL DEFAULT '{}',
    ballots        bigint NOT NULL DEFAULT 0 CHECK (ballots <= size),
    voters         bigint NOT NULL DEFAULT 0 CHECK (voters <= ballots),
    unopened       bigint,
    head           bytea  NOT NULL DEFAULT '',
    head_size      bigint NOT NULL DEFAULT 0 CHECK (head_size >= size),
    stream_created timestamptz,
    stream_seq     bigint,
    at_close       jsonb,
    contradiction  jsonb
);

-- The entries that are no ballots, below `size`: an edition's state is a fold over them.
CREATE TABLE milestones (
    edition text   NOT NULL REFERENCES editions,
    index   bigint NOT NULL CHECK (index >= 0),
    entry   bytea  NOT NULL,
    PRIMARY KEY (edition, index)
);

-- For each voter's key the ballot that counts. `choices` are ids joined by LF, as in the commitment;
-- null while they are sealed.
CREATE TABLE standings (
    edition text   NOT NULL REFERENCES editions,
    key     bytea  NOT NULL,
    seq     bigint NOT NULL,
    choices text,
    PRIMARY KEY (edition, key)
);

-- A contradiction stands for good, and a log that went back is not followed there. Whoever has found
-- the reason lets the tally begin anew by deleting the edition's rows, which the service cannot.
CREATE FUNCTION hold_to_what_was_seen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.contradiction IS NOT NULL THEN
        RAISE EXCEPTION 'a contradiction stands in the log of %', OLD.edition
            USING ERRCODE = 'integrity_constraint_violation';
    ELSIF NEW.head_size < OLD.head_size THEN
        RAISE EXCEPTION 'the head of % would go back from % to %',
            OLD.edition, OLD.head_size, NEW.head_size
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER hold_to_what_was_seen BEFORE UPDATE ON editions
    FOR EACH ROW EXECUTE FUNCTION hold_to_what_was_seen();

GRANT SELECT, INSERT, UPDATE ON editions TO huimin_tally;
GRANT SELECT, INSERT, DELETE ON milestones TO huimin_tally;
GRANT SELECT, INSERT, UPDATE, DELETE ON standings TO huimin_tally;
GRANT SELECT ON schema_migrations TO huimin_tally;
