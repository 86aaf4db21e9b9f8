"""The chain of hashes: whole when nothing was touched, broken by any touch."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import psycopg2
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as some

from services.chassis.clock import new_id
from services.cli.main import main
from services.routing.history import chain as history
from services.routing.history.chain import Line
from tests.unit.routing.conftest import received

ID = "018f3c1e-0000-7000-8000-000000000001"
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def written(count: int, complaint_id: str = ID) -> list[Line]:
    lines = [
        {
            "complaint_id": complaint_id,
            "number": number,
            "action": "accept",
            "actor": "o-1",
            "at": (AT + timedelta(minutes=number)).isoformat(),
            "details": {"n": number, "سبب": "لا"},
        }
        for number in range(1, count + 1)
    ]
    bound, _ = history.chained(lines, {})
    return [
        Line(
            each["number"],
            each["action"],
            each["actor"],
            datetime.fromisoformat(each["at"]),
            each["details"],
            bytes.fromhex(each["previous_hash"][2:]),
            bytes.fromhex(each["hash"][2:]),
        )
        for each in bound
    ]


def test_what_was_written_is_whole_and_every_hash_is_a_receipt():
    lines = written(5)
    assert history.verify(ID, lines, 5).wrong == ()
    for line in lines:
        assert history.verify(ID, lines, 5, line.hash).receipt_line == line.number


@given(
    place=some.integers(0, 4),
    change=some.sampled_from(["action", "actor", "at", "details", "gone", "order", "forged"]),
)
def test_any_touch_is_found(place, change):
    lines = written(5)
    head = lines[-1].hash
    line = lines[place]
    if change == "gone":
        del lines[place]
    elif change == "order":
        other = (place + 1) % 5
        lines[place], lines[other] = lines[other], lines[place]
    elif change == "forged":
        # Written anew from here on with hashes that fit: only a receipt tells.
        lines[place] = replace(line, actor="somebody else")
        previous = line.previous_hash
        for index in range(place, 5):
            each = lines[index]
            own = history.hash_of(previous, each.number, each.action, each.actor, each.at, each.details)
            lines[index] = replace(each, previous_hash=previous, hash=own)
            previous = own
        assert history.verify(ID, lines, 5).wrong == ()
    else:
        value = {"action": "close", "actor": "o-2", "at": line.at + timedelta(microseconds=1), "details": {}}[
            change
        ]
        lines[place] = replace(line, **{change: value})
    assert history.verify(ID, lines, 5, head).wrong


def test_a_history_of_another_case_is_not_this_ones():
    assert history.verify(new_id(), written(2), 2).wrong == ("line 1 does not follow line 0",)


def test_a_tail_that_is_cut_off_is_missed():
    assert history.verify(ID, written(5)[:4], 5).wrong == ("4 lines, and the case is at version 5",)


def test_the_zone_of_a_time_is_no_part_of_it():
    amman = AT.astimezone(timezone(timedelta(hours=3)))
    one, other = (history.hash_of(b"", 1, "a", "b", at, {}) for at in (AT, amman))
    assert one == other


def test_the_lines_of_a_batch_are_bound_and_those_that_follow_too(routing):
    routing.receive([received(), received(kind="praise"), received(category="space.travel")])
    routing.rows("INSERT INTO rule VALUES ('new', 'space.travel', NULL, 'MOH', 0, '2020-01-01', NULL)")
    assert routing.retry()[0] == 1
    result = CliRunner().invoke(main, ["case", "verify", "--all"])
    assert (result.exit_code, result.output) == (0, "3 cases, 0 altered\n")


def test_the_command_knows_a_receipt_and_finds_what_was_altered(routing):
    event = received()
    routing.receive([event])
    receipt = routing.facts()[-1].data["history_hash"]
    found = CliRunner().invoke(main, ["case", "verify", event.subject, "--receipt", receipt])
    assert found.exit_code == 0
    assert re.fullmatch(rf"{event.subject}: 2 lines, unaltered; the receipt is of line 2\n", found.output)
    other = CliRunner().invoke(main, ["case", "verify", event.subject, "--receipt", "00" * 32])
    assert (other.exit_code, "no line has the hash" in other.output) == (1, True)
    with psycopg2.connect(routing.url.replace("+psycopg2", "")) as connection, connection.cursor() as cursor:
        cursor.execute("SET search_path TO routing")
        cursor.execute("ALTER TABLE case_event DISABLE TRIGGER append_only")
        cursor.execute("UPDATE case_event SET actor = 'nobody' WHERE number = 1")
    for arguments in ([event.subject], ["--all"]):
        altered = CliRunner().invoke(main, ["case", "verify", *arguments])
        assert altered.exit_code == 1
        assert f"{event.subject}: line 1 was altered" in altered.output


@pytest.mark.parametrize(
    "arguments", [[], [ID, "--all"], ["--all", "--receipt", "00"], [ID, "--receipt", "xyz"]]
)
def test_the_command_refuses_what_it_cannot_mean(arguments):
    assert CliRunner().invoke(main, ["case", "verify", *arguments]).exit_code == 2


def test_an_unknown_case_is_said_to_be_unknown(routing):
    assert "there is no case" in CliRunner().invoke(main, ["case", "verify", new_id()]).output
