"""The registrar: who may vote, one-time codes, and credentials. It never sees a ballot."""
