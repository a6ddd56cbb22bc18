"""risks.yaml: what a learner says can happen, how often, what it costs, and what is to be done first."""

from pydantic import Field

from drillyard.assess.written import Entry, read

FILE = "risks.yaml"


class Risk(Entry):
    """One thing that can happen. Times in seconds, money in euros; priority 1 comes first."""

    scenario: str
    system: list[str] = Field(min_length=1)
    likelihood_per_year: float = Field(gt=0)
    impact_eur: float = Field(ge=0)
    rto_s: float = Field(gt=0)
    rpo_s: float = Field(ge=0)
    priority: int = Field(ge=1)
    answer: str

    @property
    def expected_eur(self) -> float:
        """What it is expected to cost in a year."""
        return self.likelihood_per_year * self.impact_eur


class Register(Entry):
    """The file."""

    risks: list[Risk] = Field(max_length=200)

    @property
    def by_scenario(self) -> dict[str, Risk]:
        """The entries by what can happen; of several the last."""
        return {risk.scenario: risk for risk in self.risks}


def parse(text: str) -> Register:
    """What the file says.

    Raises:
        ValueError: it cannot be read; says where and why, on one line.
    """
    return read(Register, text)
