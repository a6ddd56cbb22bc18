"""Simulated customers: open-loop journeys, load profiles, and the ledger of acknowledged writes."""
