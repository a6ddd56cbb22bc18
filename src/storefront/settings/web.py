"""[web]: how a replica answers requests."""

from pydantic import model_validator

from storefront.settings.section import Section, setting


class Web(Section):
    """The HTTP side of a replica."""

    backlog: int = setting(
        1024, "Connections that the kernel holds while the replica is busy.", restart=True, ge=16, le=65535
    )
    max_concurrent_requests: int = setting(
        0, "Requests in work at once; more are answered 503 at once. 0: no limit.", restart=True, ge=0
    )
    keep_alive_s: int = setting(
        30,
        "Seconds an idle connection stays open; keep it above the proxy's.",
        restart=True,
        ge=1,
        le=600,
    )
    graceful_timeout_s: int = setting(
        4,
        "Seconds for requests in work to finish when the replica stops.",
        restart=True,
        ge=0,
        le=300,
    )
    per_page: int = setting(20, "Entries on a page of a list when the request does not say.", ge=1, le=500)
    max_per_page: int = setting(100, "The most entries that a request may ask for on one page.", ge=1, le=500)
    max_page: int = setting(
        1000, "The last page of a list that may be asked for; deep pages cost more.", ge=1, le=100_000
    )
    max_body_bytes: int = setting(65_536, "The largest request body, in bytes.", ge=1024, le=16_777_216)

    @model_validator(mode="after")
    def _default_inside_limit(self) -> "Web":
        if self.per_page > self.max_per_page:
            raise ValueError(f"per_page ({self.per_page}) is larger than max_per_page ({self.max_per_page})")
        return self
