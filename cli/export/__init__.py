"""The export: a log's static tree in a directory, verified, for a CDN or an offline audit.

staging  a directory that is replaced only by what was verified
copying  one pass over a log: bundles in, a whole static tree out
export   from key to published directory
command  `huimin export`
"""
