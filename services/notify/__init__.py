"""The notify service: brings one-time codes and announcements to people, and knows no ballots."""
