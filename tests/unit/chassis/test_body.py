import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis import body
from services.chassis.problems import DETAILS, Problem

STORABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | STORABLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STORABLE, inner, max_size=3),
    max_leaves=12,
)


def refused(raw: bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        body.parse(raw)
    return caught.value


@given(VALUES, st.booleans())
def test_reads_what_json_writes(value, ascii_only):
    assert body.parse(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw):
    # Any other exception fails the test.
    with contextlib.suppress(Problem):
        body.parse(raw)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "malformed_json"),
        (b"{", "malformed_json"),
        (b"{} {}", "malformed_json"),
        (b"{'a': 1}", "malformed_json"),
        (b'{"a": NaN}', "malformed_json"),
        (b'{"a": -Infinity}', "malformed_json"),
        (b'{"a": 1, "a": 1}', "duplicate_key"),
        (b'{"a": {"b": 1, "b": 2}}', "duplicate_key"),
        (b'{"a": 1, "\\u0061": 2}', "duplicate_key"),
        (b'{"a": 1e999}', "number_out_of_range"),
        (b'{"a": ' + b"9" * 21 + b"}", "number_out_of_range"),
        (b'{"a": ' + b"9" * 60_000 + b"}", "number_out_of_range"),
        (b'{"a": "\xff"}', "broken_utf8"),
        (b'{"a": "\xed\xa0\x80"}', "broken_utf8"),
        (b"\xff\xfe{\x00}\x00", "broken_utf8"),
        (b'{"a": "\x00"}', "malformed_json"),
        (b'{"a": "line\nbreak"}', "malformed_json"),
        (b"[" * 33 + b"]" * 33, "nesting_too_deep"),
        (b"[" * 30_000 + b"]" * 30_000, "nesting_too_deep"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nesting_too_deep"),
        (b"\xef\xbb\xbf{}", "malformed_json"),
    ],
)
def test_refuses_what_two_readers_might_read_differently(raw, code):
    problem = refused(raw)
    assert (problem.status, problem.code) == (400, code)
    assert problem.message == DETAILS[code]


def test_depth_is_counted_and_not_the_number_of_brackets():
    assert len(body.parse(b"[" + b"[]," * 500 + b"[]]")) == 501
    assert body.parse(b"[" * 32 + b"]" * 32)


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (b'{"a": "x\\u0000"}', ["a"]),
        (b'{"a": ["", "\\ud800"]}', ["a.1"]),
        (b'{"a": {"b": "\\udfff"}, "c": "\\u0000"}', ["a.b", "c"]),
        (b'{"a\\u0000": 1}', ["a?"]),
        (b'"\\u0000"', ["body"]),
    ],
)
def test_names_the_field_that_cannot_be_stored(raw, fields):
    problem = refused(raw)
    assert problem.status == 422
    assert [error["field"] for error in problem.errors] == fields
    assert {error["code"] for error in problem.errors} == {"forbidden_character"}


def test_whole_pairs_of_surrogates_are_text():
    assert body.parse(b'"\\ud83d\\ude00"') == "\U0001f600"
