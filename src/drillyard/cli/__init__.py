"""The command line: arguments in, calls of the drill's API, pictures out. One module a command."""
