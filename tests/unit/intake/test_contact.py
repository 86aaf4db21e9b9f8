"""Telephone numbers and mail addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.contact import EmailError, PhoneError, normalise_email, normalise_phone


@pytest.mark.parametrize(
    "typed",
    [
        "0791234567",
        "٠٧٩١٢٣٤٥٦٧",
        "۰۷۹۱۲۳۴۵۶۷",
        "079 123 4567",
        "079-123-4567",
        "+962 79 123 4567",
        "00962791234567",
        "\u202a+962 79 123 4567\u202c",
        "(079) 1234567",
        "+٩٦٢٧٩١٢٣٤٥٦٧",
    ],
)
def test_one_number_however_it_is_written(typed):
    assert normalise_phone(typed) == "+962791234567"


@pytest.mark.parametrize(
    ("typed", "expected"), [("06 460 1234", "+96264601234"), ("+44 20 7946 0958", "+442079460958")]
)
def test_landlines_and_numbers_from_abroad_are_taken(typed, expected):
    assert normalise_phone(typed) == expected


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "079123456",
        "07912345678",
        "123",
        "112",
        "0800FLOWERS",
        "079 123 4567 ext. 5",
        "tel:0791234567",
        "0791234567\r\nBcc: x@example.com",
        "0" * 200,
        "+1 900 123 4567",
        "0900 12345",
        "+999123456789",
    ],
)
def test_what_cannot_be_dialled_or_costs_extra_is_refused(typed):
    with pytest.raises(PhoneError) as refused:
        normalise_phone(typed)
    assert str(refused.value) == ""


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("a.b+c@Example.COM", "a.b+c@example.com"),
        (" a@example.com ", "a@example.com"),
        ("\u200fa@example.com", "a@example.com"),
        ("info@شبكة.الأردن", "info@xn--ngbc5azd.xn--igbhzh7gpa"),
    ],
)
def test_an_address_is_brought_into_one_form(typed, expected):
    assert normalise_email(typed) == expected


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "a",
        "a@b",
        "a@localhost",
        "a@@example.com",
        "a b@example.com",
        '"a b"@example.com',
        '"a\r\nBcc: x"@example.com',
        "a@example.com\r\nBcc: x@example.com",
        "a@example.com\nBcc: x@example.com",
        "a@example.com%0aBcc: x@example.com",
        "a@example.com, b@example.com",
        "A <a@example.com>",
        "أحمد@example.com",
        "a@[127.0.0.1]",
        "a@" + "b" * 250 + ".com",
        "a\x00@example.com",
        "a@example.com\x85",
        "a@example.com\u2028",
    ],
)
def test_what_mail_cannot_be_delivered_to_is_refused(typed):
    with pytest.raises(EmailError) as refused:
        normalise_email(typed)
    assert str(refused.value) == ""


@given(st.text(max_size=60))
def test_nothing_typed_gets_more_than_one_line_or_recipient_into_an_address(typed):
    for normalise, error in ((normalise_email, EmailError), (normalise_phone, PhoneError)):
        try:
            found = normalise(typed)
        except error:
            continue
        assert found.isascii()
        assert found.isprintable()
        assert not set(found) & set(' ,;<>"()')
