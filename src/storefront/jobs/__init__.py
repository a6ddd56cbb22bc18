"""Background jobs: what the shop does after it has answered the customer."""
