"""XLSX: the first sheet of a workbook as rows of text, and rows as a workbook. What a file may do is bounded before it is read."""

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from typing import Any

from services.routing.directory.files.sheet import MOST_COLUMNS, MOST_ROWS, Sheet, neutral, read_rows
from services.routing.directory.refusals import Refused

#: Unpacked. 5000 rows of our columns take a third of it.
MOST_BYTES = 12_000_000


def read(raw: bytes) -> Sheet:
    """The rows of the first sheet. Formulas are not computed: they are their own text. Raises Refused."""
    # Imported where it is needed: a few times a year, and it is not small.
    import openpyxl

    try:
        _refuse_hostile(raw)
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True)
        try:
            return read_rows(_lines(book.worksheets[0]))
        finally:
            book.close()
    except Refused:
        raise
    except Exception:
        # What unpacks and what reads raise what they come across in a broken file: zlib.error, KeyError, ParseError, and others.
        raise Refused("not_xlsx") from None


def write(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A workbook with one sheet of texts."""
    import openpyxl
    from openpyxl.cell import WriteOnlyCell

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("directory")
    sheet.append(list(columns))
    for row in rows:
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, neutral(text))
            cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _lines(sheet: Any) -> Iterator[list[str]]:
    rows = sheet.iter_rows(max_row=MOST_ROWS + 2, max_col=MOST_COLUMNS + 1, values_only=True)
    return ([_text(value) for value in row] for row in rows)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _refuse_hostile(raw: bytes) -> None:
    """Refuses what unpacks to too much, and XML that declares entities, which no spreadsheet writes."""
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        if sum(part.file_size for part in packed.infolist()) > MOST_BYTES:
            raise Refused("file_too_large")
        for part in packed.infolist():
            if part.filename.endswith((".xml", ".rels")):
                text = packed.read(part)
                # A NUL betrays UTF-16, in which the declaration would look otherwise.
                if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\x00" in text:
                    raise Refused("not_xlsx")
