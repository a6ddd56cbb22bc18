"""One attempt at a scenario: the daemon that owns its range, the API, the store, the client."""
