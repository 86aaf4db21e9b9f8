"""Text as people type it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.plain_text import PlainTextError, clean, clean_line


def test_what_was_written_stays():
    text = "السلام عليكم،\n\tالمياه مقطوعة ‏منذ أسبوع 👩‍👩‍👧 — می‌خواهم"
    assert clean(text) == text


def test_composed_and_decomposed_letters_become_the_same():
    assert clean("cafe\u0301") == "caf\u00e9"
    assert clean("\u0627\u0653") == "\u0622"


@pytest.mark.parametrize("end", ["\r\n", "\r", "\u2028", "\u2029", "\x85"])
def test_line_ends_become_one_kind(end):
    assert clean(f"one{end}two") == "one\ntwo"


def test_characters_that_reorder_a_text_are_taken_out():
    assert clean("pay \u202e001\u202c dinars \u2066x\u2069\ufeff") == "pay 001 dinars x"
    assert clean_line("\u202a+962 79\u202c") == "+962 79"


@pytest.mark.parametrize("invisible", [" ", "\u00a0", "\u200b", "\u200f", "\u3000", "\u2060", "\n", "\ufeff"])
def test_a_text_of_nothing_visible_is_empty(invisible):
    assert clean(invisible * 20) == ""


@pytest.mark.parametrize("control", ["\x00", "\x07", "\x08", "\x1b[31m", "\x7f", "\x9b", "\ud800"])
def test_control_characters_are_refused(control):
    for function in (clean, clean_line):
        with pytest.raises(PlainTextError) as refused:
            function(f"before{control}after")
        assert str(refused.value) == ""


@pytest.mark.parametrize("end", ["\r\nBcc: a@example.com", "\n", "\r", "\t", "\u2028", "\u2029", "\x85"])
def test_a_line_has_no_line_end_in_it(end):
    with pytest.raises(PlainTextError):
        clean_line(f"one{end}two")


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text):
    for function in (clean, clean_line):
        try:
            once = function(text)
        except PlainTextError:
            continue
        assert function(once) == once
        assert unicodedata.is_normalized("NFC", once)
        assert not any(
            unicodedata.category(character) == "Cc" for character in once if character not in "\n\t"
        )
        assert not any(
            unicodedata.bidirectional(character) in {"LRO", "RLO", "RLE", "LRE"} for character in once
        )
