"""A configuration is laid out anew, whatever was done to the one before."""

from pathlib import Path

from ordinary_user import run_as_ordinary_user

SCRIPT = """
import sys
from pathlib import Path
from drillyard.range.ops.sites import Sites
from drillyard.range.privileges import service_account

place = Path(sys.argv[1])
(place / "crontab").write_text("")
sites = Sites(place / "range", service_account())
sites.root.mkdir(parents=True)
sites.prepare()
for mode in (0o500, 0o000, 0o700):
    sites.publish({"ops/deep/crontab": place / "crontab"})
    assert (sites.config / "ops/deep/crontab").exists()
    (sites.config / "ops/outside").symlink_to(place / "home")
    (sites.config / "ops/deep").chmod(mode)
assert (place / "home").stat().st_mode & 0o777 == 0o750
print(sorted(path.name for path in sites.root.glob(".config*")))
"""


def test_directories_that_were_closed_do_not_bar_the_next(place: Path) -> None:
    (place / "home").mkdir()
    (place / "home").chmod(0o750)
    done = run_as_ordinary_user(SCRIPT, place)
    assert done.stdout == "[]\n", done.stderr
