-- The sum of the migrations, to be read; written by `make schema`, compared by a test.

CREATE FUNCTION public.forget_recipient() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    NEW.recipient := NULL;
    RETURN NEW;
END $$;

ALTER FUNCTION public.forget_recipient() OWNER TO huimin_notify_owner;

CREATE FUNCTION public.keep_final_states() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    IF OLD.state IN ('sent', 'dead') OR OLD.state = 'unknown' AND NEW.owner IS DISTINCT FROM OLD.owner
    THEN
        RAISE EXCEPTION 'delivery % is %', OLD.id, OLD.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

ALTER FUNCTION public.keep_final_states() OWNER TO huimin_notify_owner;

CREATE TABLE public.announcements (
    id bigint NOT NULL,
    edition text NOT NULL,
    milestone text NOT NULL,
    facts jsonb,
    made timestamp with time zone DEFAULT now() NOT NULL,
    counts jsonb,
    finished timestamp with time zone,
    reason text DEFAULT ''::text NOT NULL,
    CONSTRAINT announcements_milestone_check CHECK ((milestone = ANY (ARRAY['shortlist'::text, 'opening'::text, 'reminder'::text, 'result'::text])))
);

ALTER TABLE public.announcements OWNER TO huimin_notify_owner;

ALTER TABLE public.announcements ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.announcements_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.caps (
    scope text NOT NULL,
    subject bytea NOT NULL,
    used integer NOT NULL,
    ends timestamp with time zone NOT NULL,
    CONSTRAINT caps_used_check CHECK ((used > 0))
);

ALTER TABLE public.caps OWNER TO huimin_notify_owner;

CREATE TABLE public.deliveries (
    id bigint NOT NULL,
    announcement bigint,
    subscription bigint,
    channel text NOT NULL,
    recipient bytea,
    language text NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    urgent boolean DEFAULT false NOT NULL,
    next_at timestamp with time zone DEFAULT now() NOT NULL,
    expires timestamp with time zone DEFAULT (now() + '1 day'::interval) NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    owner integer,
    reason text DEFAULT ''::text NOT NULL,
    changed timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT deliveries_channel_check CHECK ((channel = ANY (ARRAY['email'::text, 'sms'::text, 'webhook'::text, 'apprise'::text]))),
    CONSTRAINT deliveries_check CHECK (((owner IS NULL) = (attempts = 0))),
    CONSTRAINT deliveries_language_check CHECK ((language = ANY (ARRAY['zh'::text, 'en'::text]))),
    CONSTRAINT deliveries_recipient_check CHECK ((length(recipient) = 32)),
    CONSTRAINT deliveries_recipient_known CHECK (((recipient IS NOT NULL) OR ((subscription IS NULL) AND (channel <> 'apprise'::text)))),
    CONSTRAINT deliveries_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'dead'::text, 'unknown'::text])))
);

ALTER TABLE public.deliveries OWNER TO huimin_notify_owner;

ALTER TABLE public.deliveries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE SEQUENCE public.runs
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.runs OWNER TO huimin_notify_owner;

CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    applied timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.schema_migrations OWNER TO huimin_notify_owner;

CREATE TABLE public.subscriptions (
    id bigint NOT NULL,
    handle bytea NOT NULL,
    edition text NOT NULL,
    channel text NOT NULL,
    recipient bytea NOT NULL,
    address bytea NOT NULL,
    secret bytea,
    language text NOT NULL,
    asked timestamp with time zone DEFAULT now() NOT NULL,
    confirmed timestamp with time zone,
    CONSTRAINT subscriptions_channel_check CHECK ((channel = ANY (ARRAY['email'::text, 'sms'::text, 'webhook'::text]))),
    CONSTRAINT subscriptions_check CHECK (((secret IS NOT NULL) = (channel = 'webhook'::text))),
    CONSTRAINT subscriptions_handle_check CHECK ((length(handle) = 16)),
    CONSTRAINT subscriptions_language_check CHECK ((language = ANY (ARRAY['zh'::text, 'en'::text]))),
    CONSTRAINT subscriptions_recipient_check CHECK ((length(recipient) = 32))
);

ALTER TABLE public.subscriptions OWNER TO huimin_notify_owner;

ALTER TABLE public.subscriptions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.subscriptions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY public.announcements
    ADD CONSTRAINT announcements_edition_milestone_key UNIQUE (edition, milestone);

ALTER TABLE ONLY public.announcements
    ADD CONSTRAINT announcements_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.caps
    ADD CONSTRAINT caps_pkey PRIMARY KEY (scope, subject);

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_announcement_channel_recipient_key UNIQUE (announcement, channel, recipient);

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.subscriptions
    ADD CONSTRAINT subscriptions_handle_key UNIQUE (handle);

ALTER TABLE ONLY public.subscriptions
    ADD CONSTRAINT subscriptions_pkey PRIMARY KEY (id);

CREATE INDEX caps_ends ON public.caps USING btree (ends);

CREATE UNIQUE INDEX confirmed_subscriptions ON public.subscriptions USING btree (channel, recipient, edition) WHERE (confirmed IS NOT NULL);

CREATE INDEX deliveries_due ON public.deliveries USING btree (channel, urgent DESC, next_at) WHERE (state = ANY (ARRAY['pending'::text, 'failed'::text]));

CREATE INDEX deliveries_in_trouble ON public.deliveries USING btree (id) WHERE (state = ANY (ARRAY['dead'::text, 'unknown'::text]));

CREATE INDEX deliveries_of_subscription ON public.deliveries USING btree (subscription) WHERE (subscription IS NOT NULL);

CREATE INDEX deliveries_sending ON public.deliveries USING btree (owner) WHERE (state = 'sending'::text);

CREATE INDEX subscriptions_of_recipient ON public.subscriptions USING btree (recipient);

CREATE INDEX unconfirmed_subscriptions ON public.subscriptions USING btree (asked) WHERE (confirmed IS NULL);

CREATE TRIGGER forget_recipient BEFORE UPDATE ON public.deliveries FOR EACH ROW WHEN (((old.subscription IS NOT NULL) AND (new.subscription IS NULL))) EXECUTE FUNCTION public.forget_recipient();

CREATE TRIGGER keep_final_states BEFORE UPDATE ON public.deliveries FOR EACH ROW WHEN (((old.state = ANY (ARRAY['sent'::text, 'dead'::text, 'unknown'::text])) AND (new.state <> old.state))) EXECUTE FUNCTION public.keep_final_states();

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_announcement_fkey FOREIGN KEY (announcement) REFERENCES public.announcements(id);

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_subscription_fkey FOREIGN KEY (subscription) REFERENCES public.subscriptions(id) ON DELETE SET NULL;

REVOKE USAGE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO huimin_notify;

REVOKE ALL ON FUNCTION public.forget_recipient() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.keep_final_states() FROM PUBLIC;

GRANT SELECT,INSERT ON TABLE public.announcements TO huimin_notify;

GRANT UPDATE(counts) ON TABLE public.announcements TO huimin_notify;

GRANT UPDATE(finished) ON TABLE public.announcements TO huimin_notify;

GRANT SELECT,INSERT,DELETE ON TABLE public.caps TO huimin_notify;

GRANT UPDATE(used) ON TABLE public.caps TO huimin_notify;

GRANT UPDATE(ends) ON TABLE public.caps TO huimin_notify;

GRANT SELECT,INSERT,DELETE ON TABLE public.deliveries TO huimin_notify;

GRANT UPDATE(subscription) ON TABLE public.deliveries TO huimin_notify;

GRANT UPDATE(state) ON TABLE public.deliveries TO huimin_notify;

GRANT UPDATE(next_at) ON TABLE public.deliveries TO huimin_notify;

GRANT UPDATE(attempts) ON TABLE public.deliveries TO huimin_notify;

GRANT UPDATE(owner) ON TABLE public.deliveries TO huimin_notify;

GRANT UPDATE(reason) ON TABLE public.deliveries TO huimin_notify;

GRANT UPDATE(changed) ON TABLE public.deliveries TO huimin_notify;

GRANT USAGE ON SEQUENCE public.runs TO huimin_notify;

GRANT SELECT ON TABLE public.schema_migrations TO huimin_notify;

GRANT SELECT,INSERT,DELETE ON TABLE public.subscriptions TO huimin_notify;

GRANT UPDATE(confirmed) ON TABLE public.subscriptions TO huimin_notify;

ALTER DEFAULT PRIVILEGES FOR ROLE huimin_notify_owner REVOKE ALL ON FUNCTIONS FROM PUBLIC;
