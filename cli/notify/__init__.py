"""`huimin notify`: what the notify service sends, for its operator."""
