"""Short messages: borders, alphabets, and nothing cut in two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notification import sms
from services.notification.sinks.smpp_sink import _decode

HEADER = 6


def joined(parts: list[sms.Part]) -> str:
    """The text again, by the sink's decoder, which shares no code with the encoder."""
    return _decode(
        b"".join(part.octets[HEADER if part.has_header else 0 :] for part in parts), parts[0].coding
    )


@pytest.mark.parametrize(
    ("text", "parts", "coding"),
    [
        ("a" * 160, 1, sms.GSM7),
        ("a" * 161, 2, sms.GSM7),
        ("a" * 306, 2, sms.GSM7),
        ("a" * 307, 3, sms.GSM7),
        ("€" * 80, 1, sms.GSM7),
        ("€" * 81, 2, sms.GSM7),
        # 153 is odd: the 77th euro sign would be cut, so the part ends one septet early.
        ("€" * 152, 2, sms.GSM7),
        ("€" * 153, 3, sms.GSM7),
        ("ش" * 70, 1, sms.UCS2),
        ("ش" * 71, 2, sms.UCS2),
        ("ش" * 134, 2, sms.UCS2),
        ("ش" * 135, 3, sms.UCS2),
        ("ش" * 68 + "🙂", 1, sms.UCS2),
        ("ش" * 69 + "🙂", 2, sms.UCS2),
        ("", 1, sms.GSM7),
        ("`", 1, sms.UCS2),
    ],
)
def test_borders(text, parts, coding):
    made = sms.split(text, 7)
    assert (len(made), made[0].coding) == (parts, coding)
    assert sms.count(text) == parts
    assert joined(made) == text


def test_a_surrogate_pair_is_never_split():
    # The emoji would lie across the border of the first part (units 67 and 68).
    first, second = sms.split("ش" * 66 + "🙂" + "ش" * 10, 7)
    assert len(first.octets) == HEADER + 66 * 2
    assert second.octets[HEADER:].decode("utf-16-be").startswith("🙂")


def test_header_names_reference_total_and_number():
    parts = sms.split("ش" * 200, 0x1AB)
    assert [part.octets[:HEADER] for part in parts] == [bytes((5, 0, 3, 0xAB, 3, n)) for n in (1, 2, 3)]


@given(
    st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("€[]{}ab ش🙂")), max_size=500)
)
def test_any_text_comes_back_whole(text):
    parts = sms.split(text, 0)
    limit = 160 if parts[0].coding == sms.GSM7 else 140
    assert all(len(part.octets) <= limit for part in parts)
    assert joined(parts) == text


def test_a_lone_surrogate_becomes_a_replacement():
    assert joined(sms.split("\ud83dش", 0)) == "�ش"


def test_too_long_is_refused():
    with pytest.raises(sms.TooLong):
        sms.split("ش" * (67 * 255 + 1), 0)
