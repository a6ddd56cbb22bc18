"""One attempt: daemon, API, client, timeline, store, lifecycle."""
