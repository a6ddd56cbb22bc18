"""The shop's side of the payment partner's API."""

import threading
from dataclasses import dataclass
from enum import StrEnum

import httpx
from pydantic import BaseModel, ValidationError

from storefront.jobs.errors import PartnerError
from storefront.settings.partner import Partner


class ChargeStatus(StrEnum):
    """How a charge ended."""

    SUCCEEDED = "succeeded"
    DECLINED = "declined"


class Charge(BaseModel):
    """The partner's answer."""

    charge_id: str
    status: ChargeStatus


@dataclass(frozen=True)
class ChargeRequest:
    """What is to be charged. The partner charges a `key` once, however often it is sent."""

    key: str
    token: str
    amount_cents: int
    currency: str
    reference: str


class PartnerClient:
    """One per process; made when first used, for most workers never charge and its certificates take 5 MB.

    Connections are kept.
    """

    def __init__(self, settings: Partner) -> None:
        self._settings = settings
        self._made: httpx.Client | None = None
        self._making = threading.Lock()

    def configure(self, settings: Partner) -> None:
        """Take changed timeouts."""
        self._settings = settings

    def _client(self) -> httpx.Client:
        with self._making:
            if self._made is None:
                limits = httpx.Limits(max_connections=self._settings.max_connections)
                self._made = httpx.Client(base_url=self._settings.url, limits=limits, trust_env=False)
            return self._made

    def _timeout(self) -> httpx.Timeout:
        settings = self._settings
        return httpx.Timeout(settings.timeout_ms / 1000, connect=settings.connect_timeout_ms / 1000)

    def charge(self, request: ChargeRequest) -> Charge:
        """Make a charge, or find the one that was made with this key.

        Raises:
            PartnerError: no charge was made as far as we know; the same request may be sent again.
        """
        body = {
            "token": request.token,
            "amount_cents": request.amount_cents,
            "currency": request.currency,
            "reference": request.reference,
        }
        try:
            answer = self._client().post(
                "/v1/charges", json=body, headers={"Idempotency-Key": request.key}, timeout=self._timeout()
            )
        except httpx.TimeoutException as error:
            raise PartnerError(f"the partner did not answer in time: {error}", "timeout") from error
        except httpx.HTTPError as error:
            raise PartnerError(f"the partner cannot be reached: {error}", "unreachable") from error
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise PartnerError("the partner limits our rate", "rate_limited")
        if not answer.is_success:
            raise PartnerError(f"the partner answered {answer.status_code}", "partner_error")
        try:
            return Charge.model_validate_json(answer.content)
        except ValidationError as error:
            raise PartnerError(f"the partner's answer is not readable: {error}", "partner_error") from error

    def close(self) -> None:
        """Close the connections."""
        with self._making:
            if self._made is not None:
                self._made.close()
