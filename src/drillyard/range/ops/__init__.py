"""The operators' side of a range: its sites, a shell on its host, and `shopctl` to speak to the daemon."""
