"""The auditor: verifies an edition's whole log and recounts it, trusting nothing but the log's key.

reading     fetches bundles and tiles; what is missing or misshapen is evidence
inspection  checks one bundle by itself: entries, openings, and the hash tile over them
workers     lets all cores inspect
tiles       what the hash tiles above the bundles must be
findings    what was found so far, and the verdicts that need the whole log
audit       the order of all this
report      what comes out
display     the report for people
command     `huimin audit`
"""
