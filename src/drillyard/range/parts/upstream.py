"""An upstream release, downloaded and compared with a pinned checksum before anything of it is used."""

import hashlib
import http.client
import platform
import tarfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drillyard.base.errors import MissingPartError
from drillyard.range.parts.part import Progress

_TIMEOUT_S = 60
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Release:
    """One release of a Prometheus project; `sha256` of its archive per machine (`amd64`, `arm64`)."""

    project: str
    version: str
    sha256: Mapping[str, str]
    site: str = "https://github.com/prometheus"

    @property
    def url(self) -> str:
        """Where its archive for this machine lies."""
        machine = _MACHINES.get(platform.machine(), platform.machine())
        name = f"{self.project}-{self.version}.linux-{machine}.tar.gz"
        return f"{self.site}/{self.project}/releases/download/v{self.version}/{name}"

    def unpack(self, destination: Path, progress: Progress) -> None:
        """Download, verify, and unpack without the archive's own top directory.

        Raises:
            MissingPartError: no checksum is pinned for this machine, no network, or the checksum differs.
        """
        machine = _MACHINES.get(platform.machine(), platform.machine())
        if platform.system() != "Linux" or machine not in self.sha256:
            raise MissingPartError(
                f"No release of {self.project} is pinned for this machine",
                where=f"{platform.system()} {machine}",
                next_step=f"Install {self.project} so that it is in PATH.",
            )
        progress(f"downloading {self.project} {self.version}")
        archive = destination / "archive.tar.gz"
        found = _download(self.url, archive)
        if found != self.sha256[machine]:
            raise MissingPartError(
                f"The download of {self.project} is not the release that was pinned",
                where=f"{self.url}, sha256 {found}",
                next_step="Try again; if it stays so, do not use that file.",
            )
        with tarfile.open(archive) as tar:
            # Python before 3.11.4 has no filters (PEP 706); what is unpacked is what was pinned.
            tar.extraction_filter = getattr(tarfile, "data_filter", None)
            top = f"{self.project}-{self.version}.linux-{machine}/"
            for member in tar.getmembers():
                member.name = member.name.removeprefix(top)
                tar.extract(member, destination)
        archive.unlink()


def _download(url: str, file: Path) -> str:
    """The SHA-256 of what was downloaded."""
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer, file.open("wb") as out:  # noqa: S310  (a constant https address)
            while block := answer.read(1 << 20):
                digest.update(block)
                out.write(block)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise MissingPartError(
            f"It could not be downloaded: {error}",
            where=url,
            next_step="Check the network, or install it so that it is in PATH.",
        ) from error
    return digest.hexdigest()
