-- online: yes - one column with a constant default and one trigger's function; no table is written anew

-- A code that was lost or came open is voided by the number on its slip, for good. What was used
-- cannot be: the credential that it led to stands.
ALTER TABLE counter_codes
    ADD COLUMN voided boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT counter_codes_void_is_unused CHECK (NOT voided OR used_by IS NULL);

-- A counter code is used once, by the person who used it, and never once it is void.
CREATE OR REPLACE FUNCTION use_counter_code_once() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
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

GRANT UPDATE (voided) ON counter_codes TO huimin_registrar;
