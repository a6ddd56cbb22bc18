"""All that one replica works with, in one place; handlers get it from the request."""

from dataclasses import dataclass

from fastapi import Request

from storefront import queries
from storefront.cache import Cache
from storefront.chaos import ChaosSwitches
from storefront.database import Database
from storefront.metrics import Metrics
from storefront.partner_questions import PartnerQuestions
from storefront.queries import Queries
from storefront.security import Passwords, Policy, SignInLimit, Tokens
from storefront.settings import Settings


@dataclass
class Shop:
    """One per process. `settings` is replaced when the settings are read again, `started_with` is not."""

    process: str
    settings: Settings
    started_with: Settings
    metrics: Metrics
    database: Database
    cache: Cache
    partner: PartnerQuestions
    chaos: ChaosSwitches
    tokens: Tokens
    passwords: Passwords
    policy: Policy
    sign_in_limit: SignInLimit
    shipped_queries: Queries

    @classmethod
    def make(cls, settings: Settings, process: str) -> "Shop":
        """Everything, connected to nothing yet.

        Raises:
            QueryError: a query of the operator's is refused.
            SettingsError: the operator's policy is refused.
        """
        shipped = queries.shipped()
        metrics = Metrics(settings.observability.metrics)
        chosen = queries.load(settings.database.sql_directory, shipped)
        return cls(
            process=process,
            settings=settings,
            started_with=settings,
            metrics=metrics,
            database=Database(settings.database, chosen, metrics.database, process),
            cache=Cache(settings.cache, metrics.cache, process),
            partner=PartnerQuestions(settings.partner),
            chaos=ChaosSwitches(settings.observability.chaos, process),
            tokens=Tokens(settings.security),
            passwords=Passwords(settings.security),
            policy=Policy(settings.security),
            sign_in_limit=SignInLimit(settings.security, settings.cache),
            shipped_queries=shipped,
        )

    def configure(self, settings: Settings) -> None:
        """Take changed settings and SQL, or nothing of them.

        Raises:
            QueryError: a query of the operator's is refused.
            SettingsError: the operator's policy is refused.
        """
        chosen = queries.load(settings.database.sql_directory, self.shipped_queries)
        self.policy.configure(settings.security)
        self.database.configure(settings.database, chosen)
        self.cache.configure(settings.cache)
        self.partner.configure(settings.partner)
        self.chaos.configure(settings.observability.chaos)
        self.tokens.configure(settings.security)
        self.sign_in_limit.configure(settings.security)
        self.settings = settings


def shop_of(request: Request) -> Shop:
    """The shop that serves this request."""
    shop: Shop = request.app.state.shop
    return shop
