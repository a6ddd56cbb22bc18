"""How a drill is judged: checks, verdicts, invariants, documents, report."""
