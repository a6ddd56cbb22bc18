from email.message import EmailMessage

import httpx
import pytest

from storefront.mailsink import Mailbox

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def mail(number: int, to: str = "a@shop.test") -> tuple[bytes, str, list[str]]:
    message = EmailMessage()
    message["Subject"] = f"Größe {number}"
    message["Message-ID"] = f"<m{number}@shop.test>"
    message.set_content(f"text {number}")
    return message.as_bytes(), "shop@shop.test", [to]


async def test_the_newest_mails_are_kept_and_listed() -> None:
    box = Mailbox(limit=3)
    for number in range(5):
        box.take(*mail(number, "b@shop.test" if number == 3 else "a@shop.test"))
    transport = httpx.ASGITransport(app=box.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://sink.test") as client:
        listed = (await client.get("/messages")).json()
        assert listed["total"] == 5
        assert [entry["subject"] for entry in listed["messages"]] == ["Größe 4", "Größe 3", "Größe 2"]
        (one,) = (await client.get("/messages?to=b@shop.test")).json()["messages"]
        assert (await client.get(f"/messages/{one['number']}")).json()["text"] == "text 3\n"
        assert len((await client.get("/messages?limit=2")).json()["messages"]) == 2
        assert (await client.get("/messages?limit=0")).status_code == 400
        assert (await client.get("/messages/1")).status_code == 404
        assert (await client.delete("/messages")).status_code == 204
        assert (await client.get("/messages")).json()["messages"] == []


async def test_a_repeated_mail_is_counted_not_kept_twice() -> None:
    box = Mailbox(limit=10)
    box.take(*mail(1))
    box.take(*mail(1))
    assert box.registry.get_sample_value("mailsink_messages_total") == 2
    assert box.registry.get_sample_value("mailsink_repeated_total") == 1
    assert box.registry.get_sample_value("mailsink_messages_kept") == 1


async def test_what_is_not_a_mail_is_taken_all_the_same() -> None:
    box = Mailbox(limit=10)
    box.take(b"\xff\x00 no headers", "", [])
    assert box.registry.get_sample_value("mailsink_messages_kept") == 1
