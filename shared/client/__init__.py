"""Clients of the public interfaces: what an auditor, a voter or an officer calls."""
