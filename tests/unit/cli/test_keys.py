"""Keys are generated once, and no private one is ever replaced."""

import pytest

from services.chassis import actor, seal
from services.cli import keys

PAIRS = (
    ("ACTOR_SIGNING_KEY", "ACTOR_VERIFY_KEY"),
    ("SEAL_PRIVATE_KEY", "SEAL_PUBLIC_KEY"),
    ("INTAKE_SEAL_PRIVATE_KEY", "INTAKE_SEAL_PUBLIC_KEY"),
    ("ROUTING_SEAL_PRIVATE_KEY", "ROUTING_SEAL_PUBLIC_KEY"),
)


def read(directory) -> dict[str, str]:
    return {name: place.read_text().strip() for name, place in keys.files(directory).items()}


def test_what_is_there_stays(tmp_path):
    assert read(tmp_path) == read(tmp_path)
    assert {place.stat().st_mode & 0o777 for place in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize(("private", "public"), PAIRS)
def test_a_lost_public_half_is_made_from_the_private_one(tmp_path, private, public):
    before = read(tmp_path)
    (tmp_path / public.lower()).unlink()
    assert read(tmp_path) == before


@pytest.mark.parametrize(("private", "public"), PAIRS)
def test_without_the_private_half_both_are_new(tmp_path, private, public):
    before = read(tmp_path)
    (tmp_path / private.lower()).unlink()
    after = read(tmp_path)
    assert after[public] != before[public]
    for whose in ("", "INTAKE_", "ROUTING_"):
        sealed = seal.seal(after[f"{whose}SEAL_PUBLIC_KEY"], {"a": 1})
        assert seal.unseal(after[f"{whose}SEAL_PRIVATE_KEY"], sealed) == {"a": 1}
    assert (
        actor._verify_key(after["ACTOR_VERIFY_KEY"])
        == actor._signing_key(after["ACTOR_SIGNING_KEY"]).verify_key
    )
