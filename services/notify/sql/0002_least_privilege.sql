-- online: yes - rights and settings alone

-- Nobody but the service's role finds anything in the schema, or may call what is made in it later.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO huimin_notify;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
REVOKE ALL ON FUNCTION keep_final_states FROM PUBLIC;
ALTER FUNCTION keep_final_states SET search_path = public, pg_temp;

-- The columns that the service does write, and no others.
REVOKE UPDATE ON subscriptions, deliveries, caps, announcements FROM huimin_notify;
GRANT UPDATE (confirmed) ON subscriptions TO huimin_notify;
GRANT UPDATE (subscription, state, next_at, attempts, owner, reason, changed)
    ON deliveries TO huimin_notify;
GRANT UPDATE (used, ends) ON caps TO huimin_notify;
GRANT UPDATE (counts, finished) ON announcements TO huimin_notify;
