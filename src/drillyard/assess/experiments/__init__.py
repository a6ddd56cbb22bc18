"""A learner's chaos experiments: what was asked, what came of it, and what is concluded from it.

`activities` reads an experiment's text, `runs` the files and journals of a workspace beside what the drill
saw; `journals` asks whether they agree, `looks` reads those looks, `shifts` says whether a reading moved,
`bites` what a fault did, `places` where, `course` how the run went. The rules know no shop:
`hypotheses`, `run_rules`, `outcomes`, `finding_rules` and `repair_rules` get the words for weaknesses from
the scenario.
"""
