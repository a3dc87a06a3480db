"""Adapters that every service needs: settings, logging, problems, server, database, NATS."""
