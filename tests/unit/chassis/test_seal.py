import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.seal import SealError, new_keys, seal, unseal

PRIVATE, PUBLIC = new_keys()


@given(st.dictionaries(st.text(), st.text() | st.none() | st.integers()))
def test_what_is_sealed_opens_with_the_private_key(content):
    assert unseal(PRIVATE, seal(PUBLIC, content)) == content


def test_does_not_open_with_another_key():
    other, _ = new_keys()
    with pytest.raises(SealError):
        unseal(other, seal(PUBLIC, {"a": 1}))


@pytest.mark.parametrize("text", ["", "x", "????", "AAAA", "ي", None])
def test_refuses_what_was_never_sealed(text):
    with pytest.raises(SealError):
        unseal(PRIVATE, text)


def test_an_altered_text_does_not_open():
    raw = bytearray(base64.b64decode(seal(PUBLIC, {"a": "secret word"})))
    raw[-1] ^= 1
    with pytest.raises(SealError) as caught:
        unseal(PRIVATE, base64.b64encode(bytes(raw)).decode())
    assert "secret" not in str(caught.value)


def test_says_nothing_of_what_it_holds():
    sealed = [seal(PUBLIC, {"name": name}) for name in ("a", "somebody with a long name", "a")]
    assert len({len(text) for text in sealed}) == 1, "the length tells the length of the name"
    assert sealed[0] != sealed[2], "the same content seals to the same text"
