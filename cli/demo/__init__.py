"""The demonstration: a whole edition, from announcement to audited result, on one machine."""
