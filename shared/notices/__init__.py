"""What people, operators and programs send to the notify service, and what it answers."""
