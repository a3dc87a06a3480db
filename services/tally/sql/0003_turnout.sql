-- online: yes - the tally counts again from the first entry, and says that it lags; voting goes on
-- Turnout by hour: ballots, and those of them that were the first of their key. The log has no finer
-- time, and must not: it would help to link a person to a ballot.
CREATE TABLE turnout (
    edition text        NOT NULL REFERENCES editions,
    hour    timestamptz NOT NULL,
    ballots bigint      NOT NULL CHECK (ballots > 0),
    voters  bigint      NOT NULL CHECK (voters BETWEEN 0 AND ballots),
    PRIMARY KEY (edition, hour)
);

GRANT SELECT, INSERT, UPDATE ON turnout TO huimin_tally;

-- What was counted before has no hours, and everything here can be made again from the logs: so it
-- is, from the first entry. `head` stays, by which a log is held to what it signed; an edition whose
-- log contradicts itself stays as it was found.
DELETE FROM milestones USING editions
    WHERE editions.edition = milestones.edition AND contradiction IS NULL;
DELETE FROM standings USING editions
    WHERE editions.edition = standings.edition AND contradiction IS NULL;
UPDATE editions
    SET size = 0, frontier = '', openings = '', counts = '{}', ballots = 0, voters = 0,
        unopened = NULL, stream_created = NULL, stream_seq = NULL, at_close = NULL
    WHERE contradiction IS NULL;
