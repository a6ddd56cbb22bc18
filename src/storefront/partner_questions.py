"""A replica's side of the payment partner's API: whether it knows a payment token.

Only the checkout of a shop with `partner.asked_at_checkout` asks, while it holds a database connection.
Charges are made by workers (`jobs.partner_client`).
"""

import httpx
from pydantic import BaseModel, ValidationError

from storefront.settings.partner import Partner


class PartnerUnavailableError(Exception):
    """The partner did not say that it knows the token. `reason` is short and safe to show."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Answer(BaseModel):
    known: bool


class PartnerQuestions:
    """One per replica; its client is made when first used, for most replicas never ask.

    Connections are kept.
    """

    def __init__(self, settings: Partner) -> None:
        self._settings = settings
        self._made: httpx.AsyncClient | None = None

    def configure(self, settings: Partner) -> None:
        """Take changed timeouts."""
        self._settings = settings

    def _client(self) -> httpx.AsyncClient:
        if self._made is None:
            settings = self._settings
            self._made = httpx.AsyncClient(
                base_url=settings.url,
                limits=httpx.Limits(max_connections=settings.max_connections),
                trust_env=False,
                verify=settings.url.startswith("https:"),  # without, no certificates: they take 5 MB
            )
        return self._made

    def _timeout(self) -> httpx.Timeout:
        settings = self._settings
        return httpx.Timeout(settings.timeout_ms / 1000, connect=settings.connect_timeout_ms / 1000)

    async def know(self, token: str) -> None:
        """Have the partner say that it knows a token.

        Raises:
            PartnerUnavailableError: it did not.
        """
        try:
            answer = await self._client().post("/v1/tokens", json={"token": token}, timeout=self._timeout())
        except httpx.TimeoutException as error:
            raise PartnerUnavailableError("did not answer in time") from error
        except httpx.HTTPError as error:
            raise PartnerUnavailableError("cannot be reached") from error
        if not answer.is_success:
            raise PartnerUnavailableError(f"answered {answer.status_code}")
        try:
            known = _Answer.model_validate_json(answer.content).known
        except ValidationError as error:
            raise PartnerUnavailableError("gave an answer that is not readable") from error
        if not known:
            raise PartnerUnavailableError("does not know the token")

    async def close(self) -> None:
        """Close the connections."""
        if self._made is not None:
            await self._made.aclose()
