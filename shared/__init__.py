"""What the services share: the pure domain and log, and the few adapters that two services need."""
