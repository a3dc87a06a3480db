"""The auditor: verifies an edition's whole log and recounts it, trusting nothing but the log's key.

head        key, signed checkpoint, and that the log is not behind what it was
evidence    what says that a log is wrong: which check, where, why
reading     fetches bundles and tiles; what is missing or misshapen is evidence
inspection  checks one bundle by itself: entries, openings, and the hash tile over them
worker      a process that inspects bundles
workers     lets all cores inspect
tiles       what the hash tiles above the bundles must be
walk        replays the whole log in order, from bundles that were inspected by many
verdicts    what can be judged only at the end
roll        the roll's references from a file, against the commitment
audit       from key to verdict
report      what comes out
display     the report for people
command     `huimin audit`
"""
