-- online: yes - rights and settings alone; triggers are marked within the lock timeout, or tried again

-- Nobody but the service's role finds anything in the schema, or may call what is made in it later.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO huimin_registrar;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- The guards look for the tables of this schema. Without this, a temporary table named `editions`
-- would stand in for the real one, and whoever may make it could add people to a sealed roll.
DO $$
DECLARE guard regprocedure;
BEGIN
    FOREACH guard IN ARRAY ARRAY[
        'refuse_change()', 'keep_commitment()', 'keep_sealed_roll()', 'only_forget_phones()',
        'may_issue()', 'use_counter_code_once()'
    ]::regprocedure[] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = public, pg_temp', guard);
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', guard);
    END LOOP;
END $$;

-- What is kept for good is kept from a session in the role of a replica too.
ALTER TABLE editions ENABLE ALWAYS TRIGGER keep_commitment;
ALTER TABLE editions ENABLE ALWAYS TRIGGER keep_commitment_whole;
ALTER TABLE roll ENABLE ALWAYS TRIGGER keep_sealed_roll_from_removals;
ALTER TABLE roll ENABLE ALWAYS TRIGGER keep_roll;
ALTER TABLE roll ENABLE ALWAYS TRIGGER only_forget_phones;
ALTER TABLE issuances ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE counter_codes ENABLE ALWAYS TRIGGER use_counter_code_once;
ALTER TABLE counter_codes ENABLE ALWAYS TRIGGER keep_counter_codes;

-- The columns that the service does write, and no others. An edition begins empty and uncommitted.
-- (UPDATE of one column of `puzzles` is there for its rows to be locked when they are forgotten.)
REVOKE INSERT, UPDATE ON editions, challenges, caps, puzzles, counter_codes FROM huimin_registrar;
GRANT INSERT (edition),
    UPDATE (size, with_phone, mode, root, issuer_key, wrapped_key, counter_serial, reported)
    ON editions TO huimin_registrar;
GRANT INSERT (challenge, edition, reference, code_hash, expires), UPDATE (attempts)
    ON challenges TO huimin_registrar;
GRANT INSERT, UPDATE (used, ends) ON caps TO huimin_registrar;
GRANT INSERT, UPDATE (expires) ON puzzles TO huimin_registrar;
GRANT INSERT (edition, code_hash, serial, batch), UPDATE (used_by)
    ON counter_codes TO huimin_registrar;
