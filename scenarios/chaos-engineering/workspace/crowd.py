"""A crowd that wants one page: so many requests a second for it, for so many seconds, and no longer.

    python3 crowd.py http://127.0.0.1:8080/ 40 15

Nobody waits for anybody: whoever is due asks, however late the answers to others are. At most 200 are under
way at once, at most 200 a second come, for at most two minutes, and to this machine only.
"""

import sys
import threading
import time
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

MOST, LONGEST_S = 200, 120.0


def main() -> None:
    """As the arguments say."""
    try:
        url = urlsplit(sys.argv[1])
        rate, seconds = min(float(sys.argv[2]), MOST), min(float(sys.argv[3]), LONGEST_S)
    except (IndexError, ValueError):
        sys.exit(
            "crowd.py: say an address, requests a second and seconds: crowd.py http://127.0.0.1:8080/ 40 15"
        )
    host = url.hostname or ""
    if not host.startswith("127."):
        sys.exit(f"crowd.py: {sys.argv[1]} is not on this machine; `drill open` says where the shop is")
    served: list[float] = []
    room = threading.BoundedSemaphore(MOST)

    def ask() -> None:
        began = time.monotonic()
        try:
            shop = HTTPConnection(host, url.port or 80, timeout=10)
            shop.request("GET", url.path or "/")
            answer = shop.getresponse()
            answer.read()
            shop.close()
            if answer.status == 200:
                served.append(time.monotonic() - began)
        except (OSError, HTTPException):
            pass  # not served
        finally:
            room.release()

    asked, begins = 0, time.monotonic()
    asking = []
    while asked < rate * seconds:
        time.sleep(max(0.0, begins + asked / rate - time.monotonic()))
        asked += 1
        if room.acquire(blocking=False):
            asking.append(threading.Thread(target=ask, daemon=True))
            asking[-1].start()
    for each in asking:
        each.join(timeout=10)
    slowest = f", the slowest in {max(served):.2f} s" if served else ""
    print(f"{asked} asked, {len(served)} were served{slowest}")


if __name__ == "__main__":
    main()
