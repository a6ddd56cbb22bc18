"""What a process needs of others before it starts, where the settings say so (`partner.needed_at_start`)."""

import time

import httpx

from storefront.settings.partner import Partner

PAUSE_S = 0.1


class NeededError(Exception):
    """What is needed is not there yet: a later start may succeed."""


def partner(settings: Partner) -> None:
    """Wait until the partner answers, if it is needed, for at most `timeout_ms`.

    Raises:
        NeededError: it does not.
    """
    if not settings.needed_at_start:
        return
    deadline = time.monotonic() + settings.timeout_ms / 1000
    with httpx.Client(trust_env=False, verify=settings.url.startswith("https:")) as client:
        while (left_s := deadline - time.monotonic()) > 0:
            if _answers(client, settings.url, left_s):
                return
            time.sleep(min(PAUSE_S, left_s))
    raise NeededError(
        f"the payment partner at {settings.url} does not answer within {settings.timeout_ms} ms"
        " (partner.needed_at_start)"
    )


def _answers(client: httpx.Client, url: str, timeout_s: float) -> bool:
    try:
        return client.get(f"{url}/healthz", timeout=timeout_s).is_success
    except httpx.HTTPError:
        return False
