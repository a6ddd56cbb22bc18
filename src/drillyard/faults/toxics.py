"""Toxics on the links of a range's network, as faults put them there and take them away."""

from collections.abc import Iterable
from typing import Literal

from drillyard.faults.fault import Memory
from drillyard.faults.scene import Scene

Stream = Literal["upstream", "downstream"]
STREAMS: tuple[Stream, ...] = ("upstream", "downstream")
_NAME = "fault"


async def poison(
    scene: Scene,
    links: Iterable[str],
    streams: Iterable[Stream],
    kind: str,
    attributes: Memory,
    *,
    toxicity: float = 1.0,
) -> None:
    """Put a toxic of this type on these directions of these links; open connections have it at once.

    Raises:
        httpx.HTTPError: the network does not answer, or refuses.
    """
    toxic: Memory = {"type": kind, "toxicity": toxicity, "attributes": attributes}
    async with scene.http("network") as network:
        for link in links:
            for stream in streams:
                body = {**toxic, "name": f"{_NAME}-{stream}", "stream": stream}
                (await network.post(f"/proxies/{link}/toxics", json=body)).raise_for_status()


async def poisoned(scene: Scene, links: Iterable[str], streams: Iterable[Stream]) -> bool:
    """Whether all that `poison` put there is there.

    Raises:
        httpx.HTTPError: the network does not answer.
    """
    wanted = {f"{_NAME}-{stream}" for stream in streams}
    async with scene.http("network") as network:
        for link in links:
            answer = await network.get(f"/proxies/{link}/toxics")
            if answer.status_code == 404:
                continue  # a link that is used no more
            there = {each["name"] for each in answer.raise_for_status().json()}
            if not wanted <= there:
                return False
    return True


async def cleanse(scene: Scene, links: Iterable[str]) -> None:
    """Take away what `poison` put there; a network that was started again since has nothing.

    Raises:
        httpx.HTTPError: the network does not answer.
    """
    async with scene.http("network") as network:
        for link in links:
            for stream in STREAMS:
                answer = await network.delete(f"/proxies/{link}/toxics/{_NAME}-{stream}")
                if answer.status_code != 404:
                    answer.raise_for_status()
