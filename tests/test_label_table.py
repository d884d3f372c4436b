"""Labels in a table: as Excel, pandas and people write them, and what is not clear is one line."""

import codecs

import damage
import pytest
from cases import each_case
from commands import imgcls

from imgcls_course import data, training
from imgcls_course.data.layouts.find import find_layout
from imgcls_course.errors import CourseError, DataError

JPEG = damage.encoded(damage.photo(), "JPEG")


@pytest.fixture
def photos(tmp_path):
    """Six images: 001.jpg … 004.jpg, and two in a folder."""
    for name in ("001.jpg", "002.jpg", "003.jpg", "004.jpg", "in/a.jpg", "in/b.png"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(JPEG)
    return tmp_path / "photos"


def _read(photos, content: str | bytes, column: str = ""):
    """The layout of the photos with a table of this content."""
    table = photos.parent / "labels.csv"
    table.write_bytes(content.encode() if isinstance(content, str) else content)
    return find_layout(photos, labels=f"{table}{column}")


def _labels(layout) -> dict[str, str]:
    return {name: layout.classes[sample.label] for name, sample in zip(layout.names, layout.samples, strict=True)}


WHOLE = {"001.jpg": "cat", "002.jpg": "dog", "in/a.jpg": "dog"}


@each_case(
    "content",
    [
        "file,label\n001.jpg,cat\n002.jpg,dog\nin/a.jpg,dog\n",
        "label,file\ncat,001.jpg\ndog,002.jpg\ndog,a.jpg\n",
        "001.jpg,cat\n002.jpg,dog\na.jpg,dog\n",  # no header
        "id;breed\r\n1;cat\r\n2;dog\r\na;dog\r\n",  # zeros lost to a spreadsheet
        ",image_id,species\n0,001,cat\n1,002,dog\n2,a,dog\n",  # pandas, with its index
        ",label\n001.jpg,cat\n002.jpg,dog\nin/a.jpg,dog\n",  # pandas, the index are the names
        'sep=;\n"file";"label"\n"001.jpg";"cat"\n"002.jpg";"dog"\n"a.jpg";"dog"\n',
        "path\tsize\tclass\nC:\\me\\001.JPG\t9\tcat\nC:\\me\\002.JPG\t9\tdog\nC:\\me\\in\\a.JPG\t9\tdog\n",
        "./001.jpg cat\n./002.jpg dog\n./in/a.jpg dog\n",
        " file , label \n 001.jpg , cat \n 002.jpg , dog \n\n a.jpg , dog \n,\n",
        "image,cat,dog\n001,1.0,0.0\n002,0.0,1.0\na,0,1\n",  # a column for each class
        "file,label,author\n001.jpg,cat,me\n002.jpg,dog,you\na.jpg,dog,me\na.jpg,dog,you\n",  # the same row twice
    ],
)
def test_tables_of_many_kinds(photos, content):
    """Whoever wrote it, each image has the label of its row, and an image without a row has none."""
    layout = _read(photos, content)
    assert _labels(layout) == WHOLE
    assert "images without a row: 3" in layout.kind
    assert len(layout.skipped_files) == 3


@each_case(
    "encoded",
    [
        lambda text: text.encode(),
        lambda text: codecs.BOM_UTF8 + text.replace(",", ";").encode(),
        lambda text: codecs.BOM_UTF16_LE + text.replace(",", "\t").encode("utf-16-le"),
        lambda text: codecs.BOM_UTF16_BE + text.replace(",", "\t").encode("utf-16-be"),
        lambda text: text.replace(",", ";").replace("\n", "\r\n").encode("cp1252"),
    ],
)
def test_encodings(photos, encoded):
    """Umlauts must not depend on the program that saved the table."""
    assert _read(photos, encoded("file,label\n001.jpg,Käfer\n002.jpg,Mücke\n")).classes == ("Käfer", "Mücke")


def test_numbers_are_classes_in_their_order(photos):
    """10 comes after 9; pandas makes 1.0 of 1 where a label is missing."""
    assert _read(photos, "file,label\n001.jpg,10\n002.jpg,9\n003.jpg,0\n").classes == ("0", "9", "10")
    assert _read(photos, "file,label\n001.jpg,1.0\n002.jpg,0.0\n003.jpg,\n").classes == ("0", "1")


def test_what_does_not_fit_is_counted(photos, capsys):
    """Rows without an image, images without a row and rows without a label are said when the folder is loaded."""
    table = photos / "labels.csv"
    rows = ["001.jpg,cat", "002.jpg,cat", "003.jpg,dog", "004.jpg,dog", "a.jpg,", "gone.jpg,dog"]
    table.write_text("\n".join(["file,label", *rows]), encoding="utf-8")
    splits = data.load(photos, labels="labels.csv", fractions=(0.5, 0.5))
    assert [len(splits[name]) for name in ("train", "val", "test")] == [2, 2, 0]
    said = capsys.readouterr().out
    assert "labels in labels.csv (rows without an image: 1, rows without a label: 1, images without a row: 1)" in said
    assert "Skipped 2 other files (.jpg, .png)" in said  # the table itself is none


def test_a_column_with_splits(photos):
    """Splits that are given stay, in a column as in folders."""
    layout = _read(photos, "file,label,split\n001.jpg,a,train\n002.jpg,b,Train\n003.jpg,a,valid\n004.jpg,b,test\n")
    assert layout.splits == {"train": 2, "val": 1, "test": 1}
    assert _read(photos, "file,label,split\n001.jpg,a,train\n002.jpg,b,7\n").splits == {}


def test_a_column_is_named_after_a_colon(photos):
    """Where several columns could be the labels, the reader says which."""
    content = "file,colour,age\n001.jpg,red,old\n002.jpg,blue,new\n"
    assert _read(photos, content, ":age").classes == ("new", "old")
    with pytest.raises(DataError, match=r"Which column of .* has the labels: colour, age\?"):
        _read(photos, content)
    with pytest.raises(DataError, match="Did you mean 'colour'"):
        _read(photos, content, ":color")


@each_case(
    ("content", "said"),
    [
        ("file,label\n001.jpg,cat|dog\n002.jpg,dog\n", r"'cat\|dog' is a list of labels"),
        ('file,label\n001.jpg,"cat, dog"\n002.jpg,dog\n003.jpg,cat\n', "'cat, dog' is a list of labels"),
        ("file,label\n001.jpg,cat dog\n002.jpg,dog\n003.jpg,cat\n", "'cat dog' is a list of labels"),
        ("file,label\n001.jpg,\"['cat', 'dog']\"\n002.jpg,dog\n", "is a list of labels"),
        ("file,cat,dog\n001.jpg,1,1\n002.jpg,0,1\n", "001.jpg has 2 ones in its row"),
        ("file,cat,dog\n001.jpg,1,0\n002.jpg,0,0\n", "002.jpg has 0 ones in its row"),
        ("file,label\n001.jpg,cat\n1,dog\n", "001.jpg has two labels in .*: 'cat' and 'dog'"),
        ("file,label\n001.jpg,cat,dog\n", "Row 2 of .* has more cells"),
        ("file\n001.jpg\n", "no column with labels"),
        ("file,label\nx.jpg,cat\n", "No row of .* names an image in .*file, label; an image there is 001.jpg"),
        ("", "is empty"),
        (b"PK\x03\x04 a workbook", "Save the table as CSV"),
    ],
)
def test_what_cannot_be_labels_is_one_line(photos, content, said):
    """Several labels an image, two for one, no image, no labels: nothing is guessed."""
    with pytest.raises(DataError, match=said) as caught:
        _read(photos, content)
    assert "\n" not in str(caught.value)


def test_names_of_classes_may_have_blanks_and_commas(photos):
    """Not every label with a blank is a list: only one whose parts are labels themselves."""
    rows = ["001.jpg,great dane", '002.jpg,"Paris, France"', "003.jpg,great pyrenees", "004.jpg,red"]
    assert len(_read(photos, "\n".join(["file,label", *rows])).classes) == 4


def test_a_name_that_two_images_have(photos):
    """Guessing would label the wrong one."""
    (photos / "a.jpg").write_bytes(JPEG)
    with pytest.raises(DataError, match=r"'A' in .* may be a\.jpg, in/a\.jpg\. Write the whole path"):
        _read(photos, "file,label\n001,cat\nA,dog\n")
    assert _labels(_read(photos, "file,label\n001,cat\nin/a.jpg,dog\n"))["in/a.jpg"] == "dog"


def test_a_table_that_is_not_there(photos):
    """Nor does a pattern go with a table."""
    with pytest.raises(DataError, match=r"There is no table nowhere\.csv"):
        data.load(photos, labels="nowhere.csv")
    with pytest.raises(DataError, match="not both"):
        data.load(photos, labels="labels.csv", pattern="(.*)")
    with pytest.raises(DataError, match="the path of a table, not dict"):
        data.load(photos, labels={"001.jpg": "cat"})


def test_the_command_line_takes_a_table(photos, tmp_path):
    """The audit and the training see the labels."""
    table = tmp_path / "labels.csv"
    rows = ["001.jpg,cat", "002.jpg,cat", "003.jpg,dog", "004.jpg,dog"]
    table.write_text("\n".join(["file,label", *rows]), encoding="utf-8")
    for seed, path in enumerate(sorted(photos.rglob("*.*"))):
        damage.photo(seed=seed).save(path)
    with pytest.raises(DataError, match="pattern, labels and fractions are for folders"):
        imgcls("train", "--data", "digits", "--labels", table, "--out", tmp_path / "no")
    assert "4 images of 2 classes (cat, dog)" in imgcls("data", "audit", photos, "--labels", table)
    small = ("--image-size", 32, "--epochs", 1, "--precision", "float32", "--device", "cpu")
    printed = imgcls("train", "--data", photos, "--labels", table, "--fractions", "0.5,0.5", "--out", tmp_path, *small)
    assert "train 2, val 2, test 0" in printed
    assert data.SplitList.from_run(tmp_path).labels == dict(row.split(",") for row in rows)
    assert training.read_checkpoint_card(tmp_path / "last.json").settings["labels"] == str(table)
    for folder, split in ((photos, "val"), (photos / "in", "test")):
        with pytest.raises(CourseError, match=r"The run was trained with --labels .*labels\.csv: give it again"):
            imgcls("evaluate", "--checkpoint", tmp_path, "--data", folder, "--split", split)
    with pytest.raises(DataError, match=r"The run was trained with --labels .*labels\.csv: give it again"):
        imgcls("train", "--data", photos, "--out", tmp_path, *small, "--resume")
    with pytest.raises(DataError, match="for folders"):
        imgcls("evaluate", "--checkpoint", tmp_path, "--data", "digits", "--fractions", "0.5,0.5")
    printed = imgcls("evaluate", "--checkpoint", tmp_path, "--data", photos, "--labels", table, "--split", "val")
    assert "The splits are those of the run" in printed


ROWS = range(20)  # the images are 0011.jpg … 0030.jpg


@pytest.fixture
def numbered(tmp_path):
    """Twenty images whose names are numbers, as other columns of a table may hold them."""
    (tmp_path / "photos").mkdir()
    for row in ROWS:
        (tmp_path / "photos" / f"{row + 11:04}.jpg").write_bytes(JPEG)
    return tmp_path / "photos"


def _table(columns: dict) -> str:
    """A table of a row for each image; each column is a list of cells, or makes one of the number of the row."""
    cells = [[str(make(row)) for row in ROWS] for make in columns.values()]
    return "\n".join([",".join(columns), *map(",".join, zip(*cells, strict=True))])


def _number(row):
    return row + 11


def _other(row):
    return 11 + (7 * row) % 20


def _label(row):
    return "cat" if row < 10 else "dog"


TRUTH = {f"{_number(row):04}.jpg": _label(row) for row in ROWS}


def test_the_column_that_names_the_images(numbered):
    """Numbers in another column that fit the names of files, too, must not give images the labels of others."""
    for header, told in (
        ("age,image_id,label", "image_id"),
        ("row,image,label", "image"),
        ("label,score,image", "image"),
        ("nr,id,label", "id"),
        ("No.,Photo,Species", "Photo"),
        ("species,count,photo", "photo"),
        ("id,image,label", "image"),
        ("label,id,image_id", "image_id"),
        ("image_width,fileName,label", "fileName"),
        ("image,image_nr,label", "image"),
    ):
        names = header.split(",")
        makes = {name: _label if name.lower() in ("label", "species") else _other for name in names} | {told: _number}
        layout = _read(numbered, _table(makes))
        assert _labels(layout) == TRUTH, header
        assert layout.kind == f"labels in labels.csv, images by column '{told}'"


def test_names_with_endings_come_before_numbers(numbered):
    """Nothing else can be meant by them, whatever the columns are called; so with paths and Label Studio."""
    for make in (
        lambda row: f"{row + 11:04}.jpg",
        lambda row: f"/data/upload/1/abcd-{row + 11:04}.jpg",
        lambda row: f"photos\\{row + 11:04}",
    ):
        layout = _read(numbered, _table({"id": _other, "x": make, "label": _label}))
        assert _labels(layout) == TRUTH
        assert "by column 'x'" in layout.kind
    assert _read(numbered, _table({"x": _number, "label": _label})).kind == "labels in labels.csv"


def test_a_column_of_images_that_is_not_clear_is_asked(numbered):
    """One line names the candidates; after the column of the labels that of the images can be given."""
    content = _table({"a": _other, "b": _number, "label": _label})
    with pytest.raises(DataError, match=r"Which column of .* names the images: a, b\? .*labels.csv:LABEL:b") as caught:
        _read(numbered, content)
    assert "\n" not in str(caught.value)
    for column in (":label:b", "::b", ":label:2"):
        assert _labels(_read(numbered, content, column)) == TRUTH
    with pytest.raises(DataError, match="'c' is not a column of"):
        _read(numbered, content, ":label:c")
    bare = content.partition("\n")[2]
    with pytest.raises(DataError, match=r"names the images: 1, 2\?"):
        _read(numbered, bare)
    assert _labels(_read(numbered, bare, ":3:2")) == TRUTH
    gone = _table({"id": _other, "image": lambda row: f"IMG_{row}.jpg", "label": _label})
    with pytest.raises(DataError, match=r"Column 'image' of .* names files that are not in the folder"):
        _read(numbered, gone)
    assert _labels(_read(numbered, gone, "::id")) != TRUTH  # as told


def _split(photos, header: str, *cells: str):
    """The layout of four photos with further columns of these cells."""
    rows = [f"00{place}.jpg,{'ab'[place % 2]},{cell}" for place, cell in enumerate(cells, start=1)]
    return _read(photos, "\n".join([f"file,label,{header}", *rows]))


def test_columns_of_splits_in_many_spellings(photos):
    """What can be understood is used; an empty cell leaves its image out, and that is said."""
    for header, cells, splits in (
        ("split", ("train", "train", "holdout", "Validation"), {"train": 2, "val": 1, "test": 1}),
        ("data set", ("Training", "train set", "test", "test"), {"train": 2, "test": 2}),
        ("is_valid", ("False", "False", "True", "True"), {"train": 2, "val": 2}),
        ("is_valid,is_test", ("0,0", "0,0", "1,0", "0,1"), {"train": 2, "val": 1, "test": 1}),
        ("is_test", ("0", "0", "1", "1"), {"train": 2, "test": 2}),
        ("is_training_image", ("1", "1", "0", "0"), {"train": 2, "test": 2}),
        ("split", ("train", "train", "test", ""), {"train": 2, "test": 1}),
    ):
        layout = _split(photos, header, *cells)
        assert layout.splits == splits, header
        assert "not used" not in layout.kind
        assert ("rows without a split: 1" in layout.kind) == (cells[-1] == "")


def test_columns_of_splits_that_are_not_used_are_said(photos):
    """Nobody should believe that test images were kept apart where they were not."""
    for header, cells, why in (
        ("split", ("0", "1", "2", "0"), "column 'split' is not used, because '0' is neither train, val nor test"),
        ("fold", ("1", "2", "3", "4"), "column 'fold' is not used, because '1' is neither"),
        ("split", ("train", "test", "x", "x"), "'x' is neither train, val nor test"),
        ("split", ("train", "", "", ""), "column 'split' is not used, because 3 of its 4 cells are empty"),
        ("is_valid", ("True", "False", "", ""), "column 'is_valid' is not used, because '' is neither True nor False"),
    ):
        layout = _split(photos, header, *cells)
        assert layout.splits == {}
        assert why in layout.kind
        assert len(layout.samples) == 4


def test_images_beside_a_table_with_splits(photos):
    """The images lie in the folder itself, where otherwise the folders of the splits are."""
    rows = ["001.jpg,a,train", "002.jpg,b,train", "003.jpg,a,val", "004.jpg,b,val"]
    (photos / "labels.csv").write_text("\n".join(["file,label,split", *rows]), encoding="utf-8")
    assert len(data.load(photos, labels="labels.csv").val) == 2


def test_labels_that_are_none_and_titles(photos):
    """No class is called nan; a line above the header is no header."""
    for missing in ("nan", "NaN", "NA", "", "<NA>"):
        layout = _read(photos, f"file,label\n001.jpg,a\n002.jpg,b\n003.jpg,{missing}\n")
        assert layout.classes == ("a", "b")
        assert "rows without a label: 1" in layout.kind
    for title in ("My photos of 2024\n", "Photos\n", "My photos,\n", "My photos\n\n"):
        assert _read(photos, f"{title}file,label\n001.jpg,a\n002.jpg,b\n").classes == ("a", "b"), title
    assert _read(photos, "file,class\n001.jpg,Cat\n002.jpg,cat\n").classes == ("Cat", "cat")


def test_classes_that_differ_in_capitals_are_remarked(photos, capsys):
    """Nearly always they are one."""
    rows = ["001.jpg,Cat", "002.jpg,Cat", "003.jpg,cat", "004.jpg,cat"]
    (photos / "labels.csv").write_text("\n".join(["file,label", *rows]), encoding="utf-8")
    data.load(photos, labels="labels.csv")
    assert "Classes that differ only in capitals: Cat, cat." in capsys.readouterr().out


def test_what_is_no_table_and_what_is_empty(photos, monkeypatch):
    """A workbook or JSON has to be saved as CSV; an unset variable of the shell must not mean this very folder."""
    for name in ("labels.json", "labels.yaml", "labels.xlsx"):
        (photos / name).write_text('{"001.jpg": "cat"}', encoding="utf-8")
        with pytest.raises(DataError, match=r"labels\..* is not a text table: save it as CSV\."):
            data.load(photos, labels=name)
    monkeypatch.chdir(photos)
    for given in ({"labels": ""}, {"pattern": ""}):
        with pytest.raises(DataError, match=f"{next(iter(given))} is empty"):
            data.load(photos, **given)
    for name in ("", " "):
        with pytest.raises(DataError, match="The name of the data is empty"):
            data.load(name)


def test_the_column_proposed_is_a_likely_one(photos):
    """Few different values, but more than one."""
    content = "file,when,place,kind\n001.jpg,1,x,a\n002.jpg,2,x,b\n003.jpg,3,x,a\n"
    with pytest.raises(DataError, match=r"when, place, kind\? .* as in .*labels\.csv:kind\."):
        _read(photos, content)
