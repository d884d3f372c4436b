"""Tables as CSV: read those of spreadsheets, pandas and people; write what opens in Excel."""

import codecs
import csv
import io
from pathlib import Path

from ... import paths
from ...errors import DataError
from ...i18n import _

DELIMITERS = "\t;,| "  # the first of these that divides the first line
FORMULA = ("=", "+", "-", "@")  # a spreadsheet takes a cell that begins with one of these for a formula
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how .xlsx and .ods begin, and .xls
ENCODINGS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def read_rows(path: Path | str, *, delimiters: str = DELIMITERS, titled: bool = False) -> list[list[str]]:
    """Return the rows of a table of any encoding, each a list of cells; blank lines are left out.

    With `titled`, the first line may be a title, which the delimiter of the second line does not divide.

    Raises
    ------
    DataError
        If there is no such file, or it is not a table; the message names the line.
    """
    text = _text(path)
    first, _newline, rest = text.partition("\n")
    if first.strip().strip('"').lower().startswith("sep="):  # how Excel is told the delimiter
        text = rest
    mark = _delimiter(text, delimiters)
    if titled:
        first, _newline, rest = text.lstrip().partition("\n")
        second = rest.lstrip().partition("\n")[0]
        if not any(each in first for each in delimiters if each != " "):
            mark = next((each for each in delimiters if each in second and each != " "), mark)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    try:
        return [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        message = _("Line {line} of {path} cannot be read: {error}.", line=reader.line_num, path=path, error=error)
        raise DataError(message) from None


def write_rows(rows: list[list[str]], path: Path | str) -> Path:
    """Write a table with commas, atomically, and return the path; `read_rows` returns the same cells.

    A table that is not ASCII begins with a byte order mark; without it, Excel would not recognise UTF-8.
    """
    text = io.StringIO(newline="")
    odd = any("\r" in str(cell) for row in rows for cell in row)  # quoted by newer versions of Python only
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL if odd else csv.QUOTE_MINIMAL).writerows(rows)
    content = text.getvalue()
    mark = b"" if content.isascii() else codecs.BOM_UTF8
    paths.write_bytes(Path(path), mark + content.encode("utf-8", errors="surrogateescape"))
    return Path(path)


def guarded(cell: str) -> str:
    """Return a cell that a spreadsheet does not compute: with an apostrophe before what looks like a formula."""
    return f"'{cell}" if cell.lstrip("'").startswith(FORMULA) else cell


def unguarded(cell: str) -> str:
    """Undo `guarded`."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA) else cell


def _delimiter(text: str, delimiters: str) -> str:
    """Return the delimiter of the first line that is not blank; within quotes it does not count."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    return next((mark for mark in delimiters if len(next(csv.reader([line], delimiter=mark), [])) > 1), delimiters[0])


def _text(path: Path | str) -> str:
    """Decode a file: as its byte order mark says, else as UTF-8 if it can be, else as Windows-1252."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise DataError(_("{path} cannot be read: {error}.", path=path, error=error.strerror or error)) from None
    marked = next((encoding for mark, encoding in ENCODINGS.items() if content.startswith(mark)), None)
    if content.startswith(WORKBOOKS) or (b"\0" in content and not marked):
        raise DataError(_("{path} is not a text file. Save the table as CSV.", path=path))
    if marked:  # bytes that are not UTF-8, such as in some file names, come back as `write_rows` got them
        return content.decode(marked, errors="surrogateescape" if marked == "utf-8-sig" else "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
