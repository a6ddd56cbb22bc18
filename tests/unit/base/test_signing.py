from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

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


def test_a_signature_that_carries_a_payload_of_its_own_signs_nothing_else(home: Path) -> None:
    signature = MachineKey.here().sign(b"p")
    header = {"jwk": jwt.get_unverified_header(signature)["jwk"]}
    pem = (home / "signing-key.pem").read_bytes()
    blank = jwt.api_jws.encode(b"anything", load_pem_private_key(pem, None), "EdDSA", headers=header)
    with pytest.raises(ForgedError):
        verified(b"p", blank)


def test_looking_for_a_key_makes_none(home: Path) -> None:
    assert MachineKey.if_there() is None
    assert not home.exists()
    made = MachineKey.here().thumbprint
    found = MachineKey.if_there()
    assert found is not None
    assert found.thumbprint == made


def test_a_file_system_without_hard_links_keeps_a_key_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refused)
    assert MachineKey.here().thumbprint == MachineKey.here().thumbprint


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
