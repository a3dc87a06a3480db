"""The `huimin` command: a whole vote, its audit, and the servers that it runs on."""
