-- online: yes - rights and settings alone

-- Nobody but the service's role finds anything in the schema, or may call what is made in it later.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO huimin_tally;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
REVOKE ALL ON FUNCTION hold_to_what_was_seen FROM PUBLIC;
ALTER FUNCTION hold_to_what_was_seen SET search_path = public, pg_temp;

-- The columns that the service does write, and no others. An edition begins uncounted.
REVOKE INSERT, UPDATE ON editions FROM huimin_tally;
REVOKE UPDATE ON standings, receipt_checks, turnout FROM huimin_tally;
GRANT INSERT (edition),
    UPDATE (size, frontier, openings, counts, ballots, voters, unopened, head, head_size,
        stream_created, stream_seq, at_close, contradiction)
    ON editions TO huimin_tally;
GRANT UPDATE (seq, choices) ON standings TO huimin_tally;
GRANT UPDATE (checks) ON receipt_checks TO huimin_tally;
GRANT UPDATE (ballots, voters) ON turnout TO huimin_tally;
