-- online: yes - makes the tables of a new database
-- Who asked for announcements, what was announced, and what became of each message.
-- No code and no voter is here. Addresses are sealed (AES-GCM) under a key that the database has not.

-- A subscription asked for, and in force once `confirmed`. `edition` is empty for all editions.
-- `handle` is random and names it in links, `recipient` is a keyed hash of channel and address,
-- `secret` (sealed) signs what goes to a webhook.
CREATE TABLE subscriptions (
    id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    handle    bytea       NOT NULL UNIQUE CHECK (length(handle) = 16),
    edition   text        NOT NULL,
    channel   text        NOT NULL CHECK (channel IN ('email', 'sms', 'webhook')),
    recipient bytea       NOT NULL CHECK (length(recipient) = 32),
    address   bytea       NOT NULL,
    secret    bytea       CHECK ((secret IS NOT NULL) = (channel = 'webhook')),
    language  text        NOT NULL CHECK (language IN ('zh', 'en')),
    asked     timestamptz NOT NULL DEFAULT now(),
    confirmed timestamptz
);

-- Anyone may ask for anybody's address; only who reads its messages can confirm, and that once.
CREATE UNIQUE INDEX confirmed_subscriptions ON subscriptions (channel, recipient, edition)
    WHERE confirmed IS NOT NULL;
CREATE INDEX unconfirmed_subscriptions ON subscriptions (asked) WHERE confirmed IS NULL;

-- Each milestone of an edition once, for ever: announced, or skipped because it was over when it was
-- first seen. `facts` are what the texts say. `counts` and `finished` are set when no message waits.
CREATE TABLE announcements (
    id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edition   text        NOT NULL,
    milestone text        NOT NULL
              CHECK (milestone IN ('shortlist', 'opening', 'reminder', 'result')),
    facts     jsonb,
    made      timestamptz NOT NULL DEFAULT now(),
    counts    jsonb,
    finished  timestamptz,
    UNIQUE (edition, milestone)
);

-- One message to one recipient: of an announcement, or (without one) the request to confirm.
-- `sending` is committed before the provider is called, so whoever finds such a row after its owner
-- has gone knows that the message was perhaps sent: it becomes `unknown` and is never sent again.
-- `owner` is a run of a process, which holds an advisory lock on that number for as long as it lives.
-- What is not sent when it `expires` is no news any more.
-- `subscription` is null for an operator's own recipient, and once somebody has left.
CREATE TABLE deliveries (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    announcement bigint      REFERENCES announcements,
    subscription bigint      REFERENCES subscriptions ON DELETE SET NULL,
    channel      text        NOT NULL CHECK (channel IN ('email', 'sms', 'webhook', 'apprise')),
    recipient    bytea       NOT NULL CHECK (length(recipient) = 32),
    language     text        NOT NULL CHECK (language IN ('zh', 'en')),
    state        text        NOT NULL DEFAULT 'pending' CHECK (
                     state IN ('pending', 'sending', 'sent', 'failed', 'dead', 'unknown')),
    urgent       boolean     NOT NULL DEFAULT false,
    next_at      timestamptz NOT NULL DEFAULT now(),
    expires      timestamptz NOT NULL DEFAULT now() + interval '1 day',
    attempts     integer     NOT NULL DEFAULT 0,
    owner        integer,
    reason       text        NOT NULL DEFAULT '',
    changed      timestamptz NOT NULL DEFAULT now(),
    CHECK ((owner IS NULL) = (attempts = 0)),
    UNIQUE (announcement, channel, recipient)
);

CREATE INDEX deliveries_due ON deliveries (channel, urgent DESC, next_at)
    WHERE state IN ('pending', 'failed');
CREATE INDEX deliveries_sending ON deliveries (owner) WHERE state = 'sending';
CREATE INDEX deliveries_in_trouble ON deliveries (id) WHERE state IN ('dead', 'unknown');
CREATE INDEX deliveries_of_subscription ON deliveries (subscription) WHERE subscription IS NOT NULL;

-- `sent`, `dead` and `unknown` are final. The one way out is that the owner, believed gone, tells
-- after all what became of its message.
CREATE FUNCTION keep_final_states() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state IN ('sent', 'dead') OR OLD.state = 'unknown' AND NEW.owner IS DISTINCT FROM OLD.owner
    THEN
        RAISE EXCEPTION 'delivery % is %', OLD.id, OLD.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER keep_final_states BEFORE UPDATE ON deliveries
    FOR EACH ROW WHEN (OLD.state IN ('sent', 'dead', 'unknown') AND NEW.state <> OLD.state)
    EXECUTE FUNCTION keep_final_states();

-- Runs of processes are numbered, and never twice.
CREATE SEQUENCE runs AS integer;

-- How often somebody asked of late (`shared.service.caps`); subjects are keyed hashes.
CREATE TABLE caps (
    scope   text        NOT NULL,
    subject bytea       NOT NULL,
    used    integer     NOT NULL CHECK (used > 0),
    ends    timestamptz NOT NULL,
    PRIMARY KEY (scope, subject)
);

CREATE INDEX caps_ends ON caps (ends);

GRANT SELECT, INSERT, UPDATE, DELETE ON subscriptions, deliveries, caps TO huimin_notify;
GRANT SELECT, INSERT, UPDATE ON announcements TO huimin_notify;
GRANT USAGE ON SEQUENCE runs TO huimin_notify;
GRANT SELECT ON schema_migrations TO huimin_notify;
