-- online: yes - rights and settings alone; triggers are marked within the lock timeout, or tried again

-- Nobody but the service's role finds anything in the schema, or may call what is made in it later.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO huimin_ballot;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
REVOKE ALL ON FUNCTION refuse_change FROM PUBLIC;
ALTER FUNCTION refuse_change SET search_path = public, pg_temp;

-- They fire for a session in the role of a replica too, which is how a superuser would pass them by.
ALTER TABLE logs ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE entries ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE openings ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE tiles ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE checkpoints ENABLE ALWAYS TRIGGER append_only;
