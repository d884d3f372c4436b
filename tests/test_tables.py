"""Tables as CSV: what is written is read again, and what cannot be read is one line."""

import pytest
from cases import each_case

from imgcls_course.data.layouts.tables import guarded, read_rows, unguarded, write_rows
from imgcls_course.errors import DataError

ODD = ["a,b", 'say "c"', "two\nlines", "\r", "\r\n", "ü", "蚂蚁", " d ", "\udce4", "x;y\tz|"]


def test_what_is_written_is_read_again(tmp_path):
    """Whatever is in a cell; the header decides what stands between the cells."""
    rows = [["one", "two"], *([cell, "x"] for cell in ODD)]
    assert read_rows(write_rows(rows, tmp_path / "t.csv")) == rows


@each_case("mark", ["\t", ";", ",", "|", " "])
def test_delimiters(tmp_path, mark):
    """The first line says what stands between cells, outside of quotes."""
    (tmp_path / "t.csv").write_text(f'\n"a,b;c"{mark}d\n1{mark}"2{mark}3"\n\n', encoding="utf-8")
    assert read_rows(tmp_path / "t.csv") == [["a,b;c", "d"], ["1", f"2{mark}3"]]


def test_a_guarded_cell_is_no_formula():
    """It begins with an apostrophe, and what was there comes back; other cells are left alone."""
    for cell in ("=1", "+1", "-1", "@a", "'=1", "''-1"):
        assert guarded(cell) == f"'{cell}"
        assert unguarded(guarded(cell)) == cell
    for cell in ("a=1", "", "'a'", "1", "a-b"):
        assert guarded(cell) == unguarded(cell) == cell


@each_case("content", [b"PK\x03\x04x", b"\xd0\xcf\x11\xe0x", b"a,b\0c"])
def test_workbooks_are_no_tables(tmp_path, content):
    """An .xlsx renamed to .csv would be read as noise."""
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError, match="Save the table as CSV"):
        read_rows(tmp_path / "t.csv")


def test_what_cannot_be_read(tmp_path):
    """No such file, a folder, and a cell beyond all bounds: one line each."""
    (tmp_path / "large.csv").write_text("a,b\n" + 200_000 * "x", encoding="utf-8")
    for path in (tmp_path / "none.csv", tmp_path, tmp_path / "large.csv"):
        with pytest.raises(DataError, match="cannot be read") as caught:
            read_rows(path)
        assert "\n" not in str(caught.value)
