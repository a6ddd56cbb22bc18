"""The command line: arguments in, API calls, pictures out."""
