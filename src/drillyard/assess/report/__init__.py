"""The report of a submission: what it says, how that is shown, how it is signed and kept."""
