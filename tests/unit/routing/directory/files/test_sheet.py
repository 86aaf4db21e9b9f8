"""What people save as CSV and XLSX is read; what is hostile in it is not."""

import contextlib
import csv
import io
import zipfile
from datetime import date

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.directory.files import cells, sheet, workbook
from services.routing.directory.refusals import Refused

cell_texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).map(str.strip)


def refusal(call, *arguments) -> str:
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value.code


def book(rows: list[list[object]]) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


#: Made once: the time at which a workbook was made stands in it, and changes how long it is.
SOUND = book([["code", "name_ar"], ["MOH-1", "صحة"]])


def packed(raw: bytes, change: dict[str, bytes]) -> bytes:
    """The workbook with some of its parts exchanged."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(raw)) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            new.writestr(part.filename, change.get(part.filename, old.read(part)))
    return target.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_is_read_as_spreadsheets_of_any_language_save_it(delimiter, mark, end):
    lines = [("Code ", "name_ar"), ("MOH-1", '"صحة، ""المفرق"""'), ("", ""), ("MOH-2", "")]
    raw = (mark + end.join(delimiter.join(line) for line in lines) + end).encode()
    read = sheet.read_csv(sheet.decode(raw))
    assert read.columns == ("code", "name_ar")
    assert [(row, texts) for row, texts, _ in read.rows] == [
        (2, {"code": "MOH-1", "name_ar": 'صحة، "المفرق"'}),
        (4, {"code": "MOH-2", "name_ar": ""}),
    ]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("code\nصحة".encode("cp1256"), "encoding"),
        ("code\nصحة".encode("utf-16"), "encoding"),
        (b"", "empty_file"),
        (b"code,name\n", "empty_file"),
        (b"code,name\n,\n \n", "empty_file"),
        (b'code\n"open', "not_csv"),
        (b'code\n"a"b', "not_csv"),
        (b"code\n" + b"a" * 200_000, "not_csv"),
        (b"code,code\n1,2", "duplicate_column"),
        (b"x," * 60 + b"\n1", "unknown_column"),
        (b"code\n" + b"1\n" * 5001, "too_many_rows"),
        (b"code\n" + b"\n" * 6000, "too_many_rows"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(raw, code):
    assert refusal(lambda: sheet.read_csv(sheet.decode(raw))) == code


def test_as_many_rows_as_are_allowed_are_read():
    assert len(sheet.read_csv("code\n" + "1\n" * 5000).rows) == 5000


@given(st.lists(st.lists(cell_texts, min_size=2, max_size=2), min_size=1, max_size=5))
def test_what_is_written_is_read_again(rows):
    written = sheet.write_csv(["a", "b"], rows)
    kept = [row for row in rows if any(map(sheet.plain, row))]
    if kept:
        read = [list(texts.values()) for _, texts, _ in sheet.read_csv(written).rows]
        assert read == [[sheet.plain(cell) for cell in row] for row in kept]


@given(cell_texts, st.sampled_from(sheet.FORMULA))
def test_no_cell_of_an_export_is_a_formula(text, start):
    written = sheet.write_csv(["a"], [[start + text]])
    ((cell,),) = list(csv.reader(io.StringIO(written.removeprefix("\ufeff"), newline="")))[1:]
    assert not cell.startswith(sheet.FORMULA)
    loaded = openpyxl.load_workbook(io.BytesIO(workbook.write(["a"], [[f"{start.strip()}1+1"]])))
    assert loaded.active["A2"].data_type == "s"


@given(st.data())
def test_a_workbook_that_was_damaged_on_its_way_is_refused(data):
    raw = bytearray(SOUND)
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(Refused):
        assert workbook.read(bytes(raw)).columns


def test_marks_that_turn_the_direction_are_taken_out():
    assert sheet.plain("\u200f\u202eabc\u2069 ") == "abc"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23", date(2026, 11, 23)),
        ("٢٠٢٦-١١-٢٣", date(2026, 11, 23)),
        ("٢٣/١١/٢٠٢٦", date(2026, 11, 23)),
        ("3/1/2026", date(2026, 1, 3)),
        ("۲۰۲۶-۱۱-۲۳", date(2026, 11, 23)),
    ],
)
def test_days_are_read_in_the_digits_and_the_order_that_people_write(text, expected):
    assert cells.day(text) == expected


@pytest.mark.parametrize("text", ["2026-02-30", "11/23/2026", "20261123", "2026-W01-1", "0001-01-01", "غدا"])
def test_what_is_no_day_is_refused(text):
    assert refusal(cells.day, text) == "not_date"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+962 77 300 0001", "+962773000001"),
        ("00962773000001", "+962773000001"),
        ("٠٧٧٣٠٠٠٠٠١", "+962773000001"),
    ],
)
def test_numbers_are_read_as_people_write_them(text, expected):
    assert cells.phone(text) == expected


@pytest.mark.parametrize(
    ("parse", "text", "code"),
    [
        (cells.phone, "12", "not_phone"),
        (cells.email, "a b@example.org", "not_email"),
        (cells.email, "a@example.org\nbcc: x@example.org", "not_email"),
        (cells.name_of, '=HYPERLINK("x")', "formula"),
        (cells.name_of, "x" * 201, "too_long"),
        (cells.languages, "fr", "not_language"),
        (cells.moment, "2026-11-23T10:00", "not_moment"),
        (cells.number, "0", "not_number"),
        (cells.number, "²", "not_number"),
    ],
)
def test_what_is_no_such_thing_is_refused(parse, text, code):
    assert refusal(parse, text) == code


def test_a_workbook_is_read_as_text():
    rows = [
        ["code", "priority", "valid_from", "name"],
        ["A", 10, date(2026, 11, 23), None],
        ["B", 2.5, date(2026, 1, 2), "=1+1"],
    ]
    read = workbook.read(book(rows))
    assert [list(texts.values()) for _, texts, _ in read.rows] == [
        ["A", "10", "2026-11-23", ""],
        ["B", "2.5", "2026-01-02", "=1+1"],
    ]
    assert refusal(cells.name_of, "=1+1") == "formula", "and is never computed"


def test_a_workbook_that_was_written_is_read_again():
    read = workbook.read(workbook.write(["email", "phone"], [["a@example.org", "+962773000001"]]))
    assert read.rows == ((2, {"email": "a@example.org", "phone": "+962773000001"}, 0),)


def test_hostile_workbooks_are_refused_before_they_are_read():
    good = book([["code"], ["A"]])
    part = "xl/worksheets/sheet1.xml"
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aa">]><worksheet/>'
    assert refusal(workbook.read, packed(good, {part: entity})) == "not_xlsx"
    assert (
        refusal(workbook.read, packed(good, {part: '<?xml version="1.0"?><!DOCTYPE x><x/>'.encode("utf-16")}))
        == "not_xlsx"
    )
    assert (
        refusal(workbook.read, packed(good, {part: b"<worksheet>" + b" " * 13_000_000})) == "file_too_large"
    )
    assert refusal(workbook.read, packed(good, {part: b"<worksheet>"})) == "not_xlsx"
    assert refusal(workbook.read, good[:-40]) == "not_xlsx"
    assert refusal(workbook.read, b"code\nA") == "not_xlsx"
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    assert refusal(workbook.read, empty.getvalue()) == "not_xlsx"


def test_a_workbook_with_a_cell_far_away_is_not_followed_there():
    made = openpyxl.Workbook()
    made.active["A1"] = "code"
    made.active["A2"] = "A"
    made.active["A1048576"] = "far"
    target = io.BytesIO()
    made.save(target)
    assert refusal(workbook.read, target.getvalue()) == "too_many_rows"
