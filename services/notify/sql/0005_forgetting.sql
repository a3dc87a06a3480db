-- online: yes - rows of people who left are changed, and a column need not be set any more

-- Who left is not in the messages that were sent, given up or unknown either: these go on to count,
-- without the keyed hash of the address. An operator's own recipient has no subscription.
ALTER TABLE deliveries ALTER COLUMN recipient DROP NOT NULL;
UPDATE deliveries SET recipient = NULL WHERE subscription IS NULL AND channel <> 'apprise';
ALTER TABLE deliveries ADD CONSTRAINT deliveries_recipient_known
    CHECK (recipient IS NOT NULL OR subscription IS NULL AND channel <> 'apprise');

CREATE FUNCTION forget_recipient() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    NEW.recipient := NULL;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION forget_recipient FROM PUBLIC;

CREATE TRIGGER forget_recipient BEFORE UPDATE ON deliveries
    FOR EACH ROW WHEN (OLD.subscription IS NOT NULL AND NEW.subscription IS NULL)
    EXECUTE FUNCTION forget_recipient();
