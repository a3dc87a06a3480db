-- online: yes - checks of small tables, and two triggers marked; within the lock timeout, or tried again

-- What is 32 bytes everywhere else is so here.
ALTER TABLE challenges
    ADD CONSTRAINT challenges_reference_check CHECK (octet_length(reference) = 32),
    ADD CONSTRAINT challenges_code_hash_check CHECK (octet_length(code_hash) = 32);
ALTER TABLE counter_codes
    ADD CONSTRAINT counter_codes_used_by_check CHECK (octet_length(used_by) = 32);

-- A session in the role of a replica adds nobody to a sealed roll and no issuance either. A restored
-- dump makes its triggers after its rows, so it does not meet them.
ALTER TABLE roll ENABLE ALWAYS TRIGGER keep_sealed_roll_from_additions;
ALTER TABLE issuances ENABLE ALWAYS TRIGGER may_issue;
