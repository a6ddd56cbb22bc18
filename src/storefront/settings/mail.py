"""[mail]: how the shop sends mail, and the sink that receives it."""

from storefront.settings.section import Section, setting


class Mail(Section):
    """Mails go over SMTP. `mailsink` is the receiving process: keeps the newest, shows them over HTTP."""

    host: str = setting("127.0.0.1", "Where the mail server is.", restart=True, min_length=1)
    port: int = setting(1025, "The mail server's port.", restart=True, ge=1, le=65535)
    timeout_ms: int = setting(
        5000, "Milliseconds after which the mail server counts as not there.", ge=50, le=60_000
    )
    sender: str = setting("shop@shop.test", "The address that mails come from.", pattern=r"^[^@\s]+@[^@\s]+$")
    http_port: int = setting(
        8025, "The sink's HTTP port, on the address it listens on.", restart=True, ge=1, le=65535
    )
    max_messages: int = setting(2000, "Mails that the sink keeps.", restart=True, ge=10, le=100_000)
    max_message_bytes: int = setting(
        65_536, "The largest mail that the sink takes, in bytes.", restart=True, ge=1024, le=10_485_760
    )
