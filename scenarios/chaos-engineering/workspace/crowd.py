"""A crowd that wants one page: so many requests a second for it, for so many seconds, and no longer.

    python3 crowd.py http://127.0.0.1:8080/ 40 15

Nobody waits for anybody: whoever is due asks, however late the answers to others are. At most 200 are under
way at once (who comes then is not served), at most 200 a second come, for at most two minutes, and to this
machine only.
"""

import sys
import threading
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from urllib.parse import urlsplit

MOST, LONGEST_S = 200, 120.0


def main() -> None:
    """As the arguments say."""
    try:
        url = urlsplit(sys.argv[1])
        host, port, page = (
            url.hostname or "",
            url.port or 80,
            url._replace(scheme="", netloc="").geturl() or "/",
        )
        rate, seconds = min(float(sys.argv[2]), MOST), min(float(sys.argv[3]), LONGEST_S)
        if not (rate > 0 and seconds > 0):
            raise ValueError
        here = ip_address(host).is_loopback  # and no name that only begins like one
    except (IndexError, ValueError):
        sys.exit(
            "crowd.py: say an address, requests a second and seconds: crowd.py http://127.0.0.1:8080/ 40 15"
        )
    if not here:
        sys.exit(f"crowd.py: {host} is not this machine; `drill open` says where the shop is")
    served: list[float] = []
    room = threading.BoundedSemaphore(MOST)

    def ask() -> None:
        began = time.monotonic()
        try:
            with closing(HTTPConnection(host, port, timeout=10)) as shop:
                shop.request("GET", page)
                answer = shop.getresponse()
                answer.read()
            if answer.status == 200:
                served.append(time.monotonic() - began)
        except (OSError, HTTPException):
            pass  # that is what not to be served is: it is counted by what is left
        finally:
            room.release()

    came, begins = 0, time.monotonic()
    asking: list[threading.Thread] = []
    while came < rate * seconds:
        time.sleep(max(0.0, begins + came / rate - time.monotonic()))
        came += 1
        if room.acquire(blocking=False):
            asking.append(threading.Thread(target=ask, daemon=True))
            asking[-1].start()
    for each in asking:
        each.join(timeout=10)
    slowest = f", the slowest in {max(served):.2f} s" if served else ""
    print(f"{came} came, {len(served)} were served{slowest}")


if __name__ == "__main__":
    main()
