"""Who may vote: identity and phone numbers, roll references, and what the registrar is asked."""
