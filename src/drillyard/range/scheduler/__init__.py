"""The shop's scheduler: runs what the crontab says."""
