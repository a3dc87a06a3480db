"""The tally: one more auditor, that counts what it has verified and shows it live."""
