"""What is written comes first; what came of disasters is measured by commands of its own."""

from drillyard.assess.check import Verdict, check
from drillyard.assess.measurement import Measurement
from drillyard.assess.verdicts import at_least, true_that


@check(id="plan-written", task="plan", title="There is a plan", needs=())
def plan_written(m: Measurement) -> Verdict:
    """It says something."""
    return true_that(len(m.documents.get("plan.md", "")) > 10, "plan.md says what you would do")


@check(id="served", task="plan", title="Customers are served")
def served(m: Measurement) -> Verdict:
    """Nearly all of them."""
    return at_least(m.learner["requests.success_ratio"], 0.9, what="Customers are served")
