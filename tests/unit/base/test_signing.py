from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jwt
import pytest

from drillyard.base.errors import UserError
from drillyard.base.signing import ForgedError, MachineKey, verified


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRILLYARD_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_signature_is_that_of_its_payload_only() -> None:
    key = MachineKey.here()
    signature = key.sign(b"payload")
    assert verified(b"payload", signature) == key.thumbprint
    for payload, said in (
        (b"payloae", signature),
        (b"payload", signature[:-4]),
        (b"payload", "x.y.z"),
        (b"", ""),
    ):
        with pytest.raises(ForgedError):
            verified(payload, said)


def test_a_signature_names_the_key_that_made_it_and_no_other_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = MachineKey.here().sign(b"payload")
    monkeypatch.setenv("DRILLYARD_HOME", str(tmp_path / "other"))
    theirs = MachineKey.here().sign(b"payload")
    header, _, _ = ours.split(".")
    _, _, tail = theirs.split(".")
    with pytest.raises(ForgedError):
        verified(b"payload", f"{header}..{tail}")


def test_a_signature_without_an_algorithm_is_none() -> None:
    header = {"jwk": jwt.get_unverified_header(MachineKey.here().sign(b"p"))["jwk"]}
    unsigned = jwt.api_jws.encode(b"p", None, "none", headers=header, is_payload_detached=True)
    with pytest.raises(ForgedError):
        verified(b"p", unsigned)


def test_the_key_is_made_once_and_for_its_owner_only(home: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: MachineKey.here().thumbprint, range(8)))
    assert len(keys) == 1
    assert [path.name for path in home.iterdir()] == ["signing-key.pem"]
    assert (home / "signing-key.pem").stat().st_mode & 0o777 == 0o600


def test_a_broken_key_is_said_with_its_place(home: Path) -> None:
    home.mkdir()
    (home / "signing-key.pem").write_text("no key")
    with pytest.raises(UserError, match="cannot be used") as caught:
        MachineKey.here()
    assert caught.value.where == str(home / "signing-key.pem")
