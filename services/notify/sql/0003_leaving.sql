-- online: yes - a small index alone

-- A link to leave names the address by its keyed hash, not one of the address's subscriptions.
CREATE INDEX subscriptions_of_recipient ON subscriptions (recipient);
