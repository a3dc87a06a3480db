"""The ballot box: owns the edition log and its key; knows ballots, never people."""
