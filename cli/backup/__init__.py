"""`huimin backup` and `huimin restore`: all databases, consistent, and nothing served unverified.

A backup is a directory: one `pg_dump` archive for each service, copies of published checkpoints,
officers' public keys, the secrets if asked for, and `manifest.json` with the SHA-256 of each file.
NATS is left out: the relay builds its streams again from the log.
"""
