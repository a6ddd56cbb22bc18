"""How scenarios are proven: certify plays untouched, solutions, cheats and flaws, as a learner would."""
