-- online: yes - one column with a constant default, in a table with a few rows for each edition

-- Why a milestone was skipped; empty for one that was announced.
ALTER TABLE announcements ADD COLUMN reason text NOT NULL DEFAULT '';
UPDATE announcements SET reason = 'over when first seen' WHERE facts IS NULL;
