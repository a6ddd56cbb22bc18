"""What runs: one component a file, supervisor, addresses, data templates, workspace, privileges."""
