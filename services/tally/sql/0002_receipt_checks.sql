-- online: yes - a new table
-- How many receipts were checked on a day and how that ended, as the receipt check's page tells.
-- Nothing is kept of who checked, of which receipt, or of when within the day.
CREATE TABLE receipt_checks (
    day     date   NOT NULL,
    outcome text   NOT NULL CHECK (outcome IN ('verified', 'wrong')),
    checks  bigint NOT NULL CHECK (checks > 0),
    PRIMARY KEY (day, outcome)
);

GRANT SELECT, INSERT, UPDATE ON receipt_checks TO huimin_tally;
