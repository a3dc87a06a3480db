-- The sum of the migrations, to be read; written by `make schema`, compared by a test.

CREATE FUNCTION public.hold_to_what_was_seen() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.hold_to_what_was_seen() OWNER TO huimin_tally_owner;

CREATE TABLE public.editions (
    edition text NOT NULL,
    size bigint DEFAULT 0 NOT NULL,
    frontier bytea DEFAULT '\x'::bytea NOT NULL,
    openings bytea DEFAULT '\x'::bytea NOT NULL,
    counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    ballots bigint DEFAULT 0 NOT NULL,
    voters bigint DEFAULT 0 NOT NULL,
    unopened bigint,
    head bytea DEFAULT '\x'::bytea NOT NULL,
    head_size bigint DEFAULT 0 NOT NULL,
    stream_created timestamp with time zone,
    stream_seq bigint,
    at_close jsonb,
    contradiction jsonb,
    CONSTRAINT editions_check CHECK ((ballots <= size)),
    CONSTRAINT editions_check1 CHECK ((voters <= ballots)),
    CONSTRAINT editions_check2 CHECK ((head_size >= size)),
    CONSTRAINT editions_size_check CHECK ((size >= 0))
);

ALTER TABLE public.editions OWNER TO huimin_tally_owner;

CREATE TABLE public.milestones (
    edition text NOT NULL,
    index bigint NOT NULL,
    entry bytea NOT NULL,
    CONSTRAINT milestones_index_check CHECK ((index >= 0))
);

ALTER TABLE public.milestones OWNER TO huimin_tally_owner;

CREATE TABLE public.receipt_checks (
    day date NOT NULL,
    outcome text NOT NULL,
    checks bigint NOT NULL,
    CONSTRAINT receipt_checks_checks_check CHECK ((checks > 0)),
    CONSTRAINT receipt_checks_outcome_check CHECK ((outcome = ANY (ARRAY['verified'::text, 'wrong'::text])))
);

ALTER TABLE public.receipt_checks OWNER TO huimin_tally_owner;

CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    applied timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.schema_migrations OWNER TO huimin_tally_owner;

CREATE TABLE public.standings (
    edition text NOT NULL,
    key bytea NOT NULL,
    seq bigint NOT NULL,
    choices text
);

ALTER TABLE public.standings OWNER TO huimin_tally_owner;

CREATE TABLE public.turnout (
    edition text NOT NULL,
    hour timestamp with time zone NOT NULL,
    ballots bigint NOT NULL,
    voters bigint NOT NULL,
    CONSTRAINT turnout_ballots_check CHECK ((ballots > 0)),
    CONSTRAINT turnout_check CHECK (((voters >= 0) AND (voters <= ballots)))
);

ALTER TABLE public.turnout OWNER TO huimin_tally_owner;

ALTER TABLE ONLY public.editions
    ADD CONSTRAINT editions_pkey PRIMARY KEY (edition);

ALTER TABLE ONLY public.milestones
    ADD CONSTRAINT milestones_pkey PRIMARY KEY (edition, index);

ALTER TABLE ONLY public.receipt_checks
    ADD CONSTRAINT receipt_checks_pkey PRIMARY KEY (day, outcome);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.standings
    ADD CONSTRAINT standings_pkey PRIMARY KEY (edition, key);

ALTER TABLE ONLY public.turnout
    ADD CONSTRAINT turnout_pkey PRIMARY KEY (edition, hour);

CREATE TRIGGER hold_to_what_was_seen BEFORE UPDATE ON public.editions FOR EACH ROW EXECUTE FUNCTION public.hold_to_what_was_seen();

ALTER TABLE ONLY public.milestones
    ADD CONSTRAINT milestones_edition_fkey FOREIGN KEY (edition) REFERENCES public.editions(edition);

ALTER TABLE ONLY public.standings
    ADD CONSTRAINT standings_edition_fkey FOREIGN KEY (edition) REFERENCES public.editions(edition);

ALTER TABLE ONLY public.turnout
    ADD CONSTRAINT turnout_edition_fkey FOREIGN KEY (edition) REFERENCES public.editions(edition);

REVOKE USAGE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO huimin_tally;

REVOKE ALL ON FUNCTION public.hold_to_what_was_seen() FROM PUBLIC;

GRANT SELECT ON TABLE public.editions TO huimin_tally;

GRANT INSERT(edition) ON TABLE public.editions TO huimin_tally;

GRANT UPDATE(size) ON TABLE public.editions TO huimin_tally;

GRANT UPDATE(frontier) ON TABLE public.editions TO huimin_tally;

GRANT UPDATE(openings) ON TABLE public.editions TO huimin_tally;

GRANT UPDATE(counts) ON TABLE public.editions TO huimin_tally;

GRANT UPDATE(ballots) ON TABLE public.editions TO huimin_tally;

GRANT UPDATE(voters) ON TABLE public.editions TO huimin_tally;

GRANT UPDATE(unopened) ON TABLE public.editions TO huimin_tally;

GRANT UPDATE(head) ON TABLE public.editions TO huimin_tally;

GRANT UPDATE(head_size) ON TABLE public.editions TO huimin_tally;

GRANT UPDATE(stream_created) ON TABLE public.editions TO huimin_tally;

GRANT UPDATE(stream_seq) ON TABLE public.editions TO huimin_tally;

GRANT UPDATE(at_close) ON TABLE public.editions TO huimin_tally;

GRANT UPDATE(contradiction) ON TABLE public.editions TO huimin_tally;

GRANT SELECT,INSERT,DELETE ON TABLE public.milestones TO huimin_tally;

GRANT SELECT,INSERT ON TABLE public.receipt_checks TO huimin_tally;

GRANT UPDATE(checks) ON TABLE public.receipt_checks TO huimin_tally;

GRANT SELECT ON TABLE public.schema_migrations TO huimin_tally;

GRANT SELECT,INSERT,DELETE ON TABLE public.standings TO huimin_tally;

GRANT UPDATE(seq) ON TABLE public.standings TO huimin_tally;

GRANT UPDATE(choices) ON TABLE public.standings TO huimin_tally;

GRANT SELECT,INSERT ON TABLE public.turnout TO huimin_tally;

GRANT UPDATE(ballots) ON TABLE public.turnout TO huimin_tally;

GRANT UPDATE(voters) ON TABLE public.turnout TO huimin_tally;

ALTER DEFAULT PRIVILEGES FOR ROLE huimin_tally_owner REVOKE ALL ON FUNCTIONS FROM PUBLIC;
