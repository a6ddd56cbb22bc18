"""Who may do what: casbin's model and the shipped policy."""
