"""Mails to customers, over SMTP."""

import smtplib
from email.message import EmailMessage

from storefront.jobs.errors import MailError
from storefront.settings.mail import Mail


class Mailer:
    """Sends one mail per connection, as small shops do."""

    def __init__(self, settings: Mail) -> None:
        self._settings = settings

    def configure(self, settings: Mail) -> None:
        """Take changed settings."""
        self._settings = settings

    def send(self, *, to: str, subject: str, body: str, message_id: str) -> None:
        """Hand one mail to the mail server.

        `message_id` is the same for every attempt, so that a receiver can tell a repeated mail.

        Raises:
            MailError: the server is not there, or refused.
        """
        settings = self._settings
        message = EmailMessage()
        message["From"] = settings.sender
        message["To"] = to
        message["Subject"] = subject
        message["Message-ID"] = f"<{message_id}@{settings.sender.partition('@')[2]}>"
        message.set_content(body)
        try:
            with smtplib.SMTP(
                settings.host, settings.port, local_hostname="shop.test", timeout=settings.timeout_ms / 1000
            ) as connection:
                connection.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise MailError(f"the mail server did not take the mail: {error}") from error
