"""Rows of a spreadsheet as people save them, and as we hand them out: CSV, cells, and what must not be in them. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from services.routing.directory.refusals import Refused

FORMATS = ("csv", "xlsx")
MOST_BYTES = 4_000_000
MOST_ROWS = 5000
MOST_COLUMNS = 40
MOST_CELL = 500
#: With these a spreadsheet takes a cell for a formula and runs it on the desk of whoever opens the file. Tab and return hide them.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "0123456789" * 2)
# Invisible: they turn the direction of what follows, so that a reader sees another text than is stored. Spreadsheets add them to Arabic.
_DIRECTIONS = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]")
_UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Sheet:
    """`rows` are (number as a spreadsheet shows it, cells by column name, cells beyond the last column)."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str], int], ...]


def decode(raw: bytes) -> str:
    """The text of a file in UTF-8, with or without a byte order mark. Raises Refused("encoding")."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("encoding") from None


def read_csv(text: str) -> Sheet:
    """The rows of CSV with commas, semicolons or tabs; its first line names the columns. Raises Refused."""
    text = text.removeprefix("\ufeff")
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return read_rows(reader)
    except csv.Error:
        raise Refused("not_csv") from None


def read_rows(lines: Iterable[Sequence[str]]) -> Sheet:
    """The sheet of lines of cells, of which the first names the columns. Lines without any text are passed over. Raises Refused."""
    numbered: Iterator[tuple[int, Sequence[str]]] = enumerate(lines, 1)
    header = next((cells for _, cells in numbered), ())
    columns = [plain(name).lower() for name in header]
    while columns and not columns[-1]:
        columns.pop()
    if len(columns) > MOST_COLUMNS:
        raise Refused("unknown_column")
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise Refused("duplicate_column", twice)
    rows = []
    for number, cells in numbered:
        # Counted by the number of the line, so that a file of nothing but line ends stops here, too.
        if number > MOST_ROWS + 1:
            raise Refused("too_many_rows")
        texts = [plain(cell) for cell in cells]
        if any(texts):
            row = dict(zip(columns, [*texts, *[""] * len(columns)], strict=False))
            rows.append((number, row, sum(map(bool, texts[len(columns) :]))))
    if not rows:
        raise Refused("empty_file")
    return Sheet(tuple(columns), tuple(rows))


def plain(cell: str) -> str:
    """The text of a cell without what spreadsheets put around it: marks of direction, blanks, and the apostrophe of `neutral`."""
    text = _DIRECTIONS.sub("", cell).strip()
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text


def storable(text: str) -> bool:
    """Whether a text holds no control character, which no name has and PostgreSQL cannot always store."""
    return _UNSTORABLE.search(text) is None


def western(text: str) -> str:
    """The text with Arabic and Persian digits as 0 to 9."""
    return text.translate(_DIGITS)


def neutral(cell: str) -> str:
    """The cell as a text that no spreadsheet takes for a formula; `plain` takes it back."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """CSV that spreadsheets open as it is: with a byte order mark, without which they take Arabic for Latin."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(columns)
    writer.writerows([neutral(cell) for cell in row] for row in rows)
    return "\ufeff" + target.getvalue()
