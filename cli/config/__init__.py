"""`huimin config`: what the services are told, checked, shown and described."""
