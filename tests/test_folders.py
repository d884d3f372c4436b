"""Whatever folder they have: it is read as it was meant, or refused in one line that helps."""

import json
import os
import shutil
import sys
from pathlib import Path

import damage
import pytest
from cases import each_case
from commands import imgcls
from damage import fill

from imgcls_course import data, evaluation
from imgcls_course.cli.data import data_audit
from imgcls_course.data.catalogue import describe
from imgcls_course.data.layouts.file_names import labels_in_names
from imgcls_course.data.layouts.find import find_layout
from imgcls_course.data.layouts.problems import notes
from imgcls_course.data.layouts.unlabelled import find_images_and_others, skipped_message
from imgcls_course.data.split_names import split_folders
from imgcls_course.errors import DataError

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)
CAMERAS = ["IMG_1234", "IMGP0012", "DSC_0001", "_DSC1234", "DSCF0042", "DSCN1000", "PXL_20240101_120000123", "P1010001"]
CAMERAS += ["20240101_120000", "2024-01-01 12.00.00", "WhatsApp Image 2024-01-01 at 10.11.12", "IMG-20240101-WA0001"]
CAMERAS += ["MVIMG_20240101_120000", "FB_IMG_1600000000", "DJI_0001", "GOPR0001", "0001"]
needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights that students lack")


def refused(root, **options) -> str:
    """What `load` says of a folder from which nothing can be learned: one line, and the audit says the same."""
    with pytest.raises(DataError) as caught:
        data.load(root, **options)
    line = str(caught.value)
    assert "\n" not in line
    return line


# One class


@each_case("between", ["dataset", "x/y/z", "photos 2024"])
def test_the_folder_above_the_classes_names_the_right_one(tmp_path, between):
    """Trained on one class, everything would be right, and the result be praised."""
    fill(tmp_path / "photos", f"{between}/cats/*4", f"{between}/dogs/*4")
    line = refused(tmp_path / "photos")
    assert "only one class" in line
    assert f"cats, dogs, which are in {tmp_path / 'photos' / between}:" in line


def test_the_folder_of_one_class_names_the_one_above(tmp_path):
    """Whoever gives photos/cats means photos; the other splits are no classes beside it."""
    fill(tmp_path / "photos", "cats/*4", "dogs/*4", "birds/cat.*4", "readme.txt")
    for name in ("cats", "birds"):
        line = refused(tmp_path / "photos" / name)
        assert line.endswith(f"give the folder above: {tmp_path / 'photos'}.")
        assert "dogs" in line
    fill(tmp_path / "kaggle", "train/*4", "test/*4")
    assert "folder above" not in refused(tmp_path / "kaggle" / "train")


def test_names_of_cameras_are_no_classes(tmp_path):
    """IMG and DSC say which camera it was. Names that a person chose stay labels."""
    for name in CAMERAS:
        line = refused(fill(tmp_path / name, f"{name}.jpg"))
        assert "do not hold a class" in line
    assert "do not hold a class" in refused(fill(tmp_path / "all", *(f"{name}.jpg" for name in CAMERAS)))
    chosen = ["cat.12", "dog_7", "n01440764_12", "great_pyrenees_12", "photo_1", "p_3", "3_0001"]
    named = labels_in_names(fill(tmp_path / "b", *(f"{name}.jpg" for name in [*chosen, *CAMERAS])).iterdir())
    assert sorted(label for _file, label in named) == [
        "3", "cat", "dog", "great_pyrenees", "n01440764", "p", "photo"
    ]  # fmt: skip


def test_names_that_hold_a_class_elsewhere_point_to_the_pattern(tmp_path):
    """Windows numbers copies in brackets, which can be read; of the rest the reader says where the class is."""
    for index, name in enumerate(("0001_cat", "img1-cat", "7-dog")):
        line = refused(fill(tmp_path / str(index), f"{name}.jpg", f"{name}x.jpg"))
        assert "--pattern (pattern=… in Python) says where" in line
    read = {"cat (1)": "cat", "cat(12)": "cat", "cat.12 (1)": "cat", "big cat (3)": "big cat", "IMG_12 (1)": ""}
    for name, label in read.items():
        named = labels_in_names([tmp_path / f"{name}.jpg"])
        assert [found for _file, found in named] == [label] * bool(label)


def test_a_hidden_class_is_mentioned_beside_a_single_one(tmp_path):
    """Nobody sees `.dog` in a file manager."""
    assert "Hidden folders are skipped: .dog." in refused(fill(tmp_path, "cat/*3", ".dog/*3", ".empty/readme.txt"))


def test_the_table_of_the_training_images_is_proposed(tmp_path):
    """Of a competition, neither the sample of a submission nor the list of the test images has labels."""
    root = fill(tmp_path / "set", "test/t*9", "train/x*9")
    rows = ["id,label", *(f"t{n},0" for n in range(9))]
    for name in ("a_list.csv", "sample_submission.csv"):
        (root / name).write_text("\n".join(rows), encoding="utf-8")
    (root / "train.csv").write_text("\n".join(rows).replace("t", "x"), encoding="utf-8")
    assert f"labels seem to be in {root / 'train.csv'}:" in refused(root)
    flat = fill(tmp_path / "flat", "abc1d.jpg", "abc2d.jpg", "abc3d.jpg")
    for name in ("sample_submission.csv", "train.csv"):
        (flat / name).write_text("id,label\nabc1d,0\nabc2d,1\nabc3d,1\n", encoding="utf-8")
    assert f"labels seem to be in {flat / 'train.csv'}:" in refused(flat)


def test_names_that_are_codes_are_no_labels(tmp_path):
    """Hashes give nearly every image a class of its own."""
    codes = [f"{7919 * n % 65521:04x}a{n}" for n in range(30)]
    assert "do not hold a class" in refused(fill(tmp_path, *(f"{code}.jpg" for code in codes)))


@each_case("table", ["labels.csv", "train.csv", "index.tsv"])
def test_a_table_beside_the_images_is_pointed_to(tmp_path, table):
    """Competitions give images in one folder and the labels in a table, with endings or without."""
    fill(tmp_path, "images/*8")
    rows = {"labels.csv": "{},cat", "train.csv": '"images/{}.jpg";"cat"', "index.tsv": "7\t{}.jpg\tcat"}
    lines = [rows[table].format(n) for n in range(8)]
    (tmp_path / table).write_text("\ufeffid,label\n" + "\n".join(lines), encoding="utf-8")
    for root in (tmp_path, tmp_path / "images"):
        line = refused(root)
        assert f"{tmp_path / table}: give that file with --labels" in line
    (tmp_path / table).write_text("name,price\napple,3\n", encoding="utf-8")
    assert "--labels" not in refused(tmp_path)


@each_case(
    ("name", "content", "said"),
    [
        ("*3", b"no image", "None of the 3 files of class 'dogs' can be opened, such as 0.jpg is not an image"),
        ("*3", HEIC, "such as 0.jpg is HEIC, which needs `pip install pillow-heif`"),
        ("1.HEIC", HEIC, "1 × HEIC, which needs `pip install pillow-heif`"),
        ("1.nef", b"II*\0" + bytes(99), "1 × camera raw"),
        ("1.jxl", b"\xff\x0a", "1 × JPEG XL"),
        ("1.dcm", bytes(128) + b"DICM", "1 × DICOM, to be exported as PNG"),
        ("1.txt", b"a", "1 other file (.txt)"),
    ],
)
def test_a_class_that_cannot_be_opened_does_not_vanish(tmp_path, no_heif, name, content, said):
    """With the other class alone nothing can be learned; with two others, it is said."""
    fill(tmp_path, "cats/*10")
    fill(tmp_path, f"dogs/{name}", content=content)
    line = refused(tmp_path)
    assert said in line
    assert "dogs" in line
    fill(tmp_path, "birds/*10")
    assert any(said in note and "dogs" in note for note in notes(find_layout(tmp_path)))


def test_an_empty_class_and_a_single_one_are_named(tmp_path):
    """The line has to say which class there is, and which one is empty."""
    fill(tmp_path, "cats/*4")
    assert "only one class, 'cats'" in refused(tmp_path)
    (tmp_path / "dogs").mkdir()
    assert "'dogs' is an image that can be opened: it is empty" in refused(tmp_path)
    assert "only one class, 'cat'" in refused(fill(tmp_path / "x", "cat.1.jpg", "cat.2.jpg"), pattern=r"(\w+)\..*")
    assert "The folder is empty" in refused(tmp_path / "dogs")


def test_one_class_is_enough_to_evaluate(tmp_path):
    """New images of ants alone can be counted; without a label they cannot."""
    assert find_layout(fill(tmp_path / "a", "ants/*3"), least_classes=1).classes == ("ants",)
    assert find_layout(fill(tmp_path / "b", "test/ants/*3"), least_classes=1).splits == {"test": 3}
    with pytest.raises(DataError, match="do not hold a class"):
        find_layout(fill(tmp_path / "c", "IMG_1.jpg"), least_classes=1)


def test_the_audit_examines_such_a_folder_and_says_so(tmp_path):
    """Broken files can be looked for without labels; but the folder must not pass as sound."""
    fill(tmp_path, "IMG_1.jpg")
    fill(tmp_path, "IMG_2.jpg", content=b"broken")
    report = data.audit(tmp_path, progress=False)
    assert report.failed
    assert report.issues_of("unreadable")[0].path.name == "IMG_2.jpg"
    for text in (str(report), json.loads(report.to_json())["remarks"][0]):
        assert "There are no images with labels" in text
    one = data.audit(fill(tmp_path / "one", "cats/*1"), progress=False)
    assert (one.failed, one.issues) == (True, ())
    assert refused(tmp_path / "one") in str(one)


# Splits


def test_names_of_splits():
    """The names in common use are known; a word more needs a partner, and classes stay classes."""
    known = {
        "train": "Train TRAINING training_set trainset TrainSet train-data train2017 Train_Images images_train",
        "val": "val Valid validation validation_set val_set dev DevSet eval val2017",
        "test": "test testing test_set testset Test_Images test1",
    }
    for split, names in known.items():
        for name in names.split():
            assert split_folders([name]) == {name: split}
    assert split_folders(["seg_train", "seg_test", "seg_pred"]) == {"seg_train": "train", "seg_test": "test"}
    assert split_folders(["flower_train", "flower_val"]) == {"flower_train": "train", "flower_val": "val"}
    for names in (["trains", "test_tube"], ["freight_train", "blood_test"], ["valley", "contest"], ["train-test"]):
        assert split_folders(names) == {}
    assert split_folders(["cats_train", "cats_test", "dogs_train", "dogs_test"]) == {}


LAYOUTS = {  # files, how many images in train, val and test, and the folder that is skipped
    "doubled": (
        ["seg_train/seg_train/{}/*9", "seg_test/seg_test/{}/*2", "seg_pred/seg_pred/*3"],
        (18, 0, 4),
        "seg_pred",
    ),
    "sets": (["training_set/training_set/{}/*9", "test_set/test_set/{}/*2"], (18, 0, 4), ""),
    "without": (["Train/{}/*9", "Test/*3"], (18, 0, 0), "Test"),
    "archive": (["archive/flowers/train/{}/*9", "archive/flowers/valid/{}/*2"], (18, 4, 0), ""),
    "images": (["images/Train2017/{}/*9", "images/val2017/{}/*2", "labels/a.txt"], (18, 4, 0), ""),
    "inside": (["train/images/{}/*9", "dev/images/{}/*2", "test/images/*4"], (18, 4, 0), "test"),
    "by class": (["{}/train/*9", "{}/test/*2"], (18, 0, 4), ""),
    "names": (["train/{}.*9", "validation/{}.*2", "test1/*4"], (18, 4, 0), "test1"),
    "names of another kind": (["train/{}/*9", "test/bird.*4"], (18, 0, 0), "test"),
}


@each_case("name", list(LAYOUTS))
def test_splits_under_common_names_are_respected(tmp_path, name):
    """As classes they would be learned with ease; and what somebody put aside for testing must not be trained on."""
    names, sizes, skipped = LAYOUTS[name]
    fill(tmp_path, *(each.format(label) for each in names for label in ("forest", "sea")))
    layout = find_layout(tmp_path)
    assert layout.classes == ("forest", "sea")
    assert tuple(layout.splits.get(split, 0) for split in ("train", "val", "test")) == sizes
    assert [each.path.name for each in layout.skipped_folders] == ([skipped] if skipped else [])


def test_what_is_skipped_is_said(tmp_path, capsys):
    """Seven thousand images without labels must not vanish in silence."""
    data.load(fill(tmp_path, "train/a/*9", "train/b/*9", "test/*3", "extra/*2"))
    said = capsys.readouterr().out
    assert "Skipped folders: extra (neither train, val nor test), test (3 images without labels)." in said


def test_a_doubled_folder_is_followed(tmp_path):
    """Archives unpacked into a folder of their own name; the folder in it is no class."""
    layout = find_layout(fill(tmp_path / "data", "data/cats/*3", "data/dogs/*3"))
    assert (layout.classes, len(layout.samples)) == (("cats", "dogs"), 6)


def test_val_and_test_without_train_are_refused(tmp_path):
    """They would be two classes, told apart by who knows what."""
    line = refused(fill(tmp_path, "val/a/*3", "val/b/*3", "test/a/*3", "test/b/*3"))
    assert "images for val and test, and none to train on" in line


@each_case(
    ("names", "said"),
    [
        (["cats", "dogs", "test"], "Classes named like splits: test."),
        (["cats_train", "cats_test", "dogs_train", "dogs_test"], "like splits: cats_test, cats_train, dogs_test"),
        (["images", "masks"], "Classes named like the parts of a data set: images, masks."),
        (["2023/cats", "2023/dogs", "2024/cats", "2024/dogs"], "Each class holds the same folders, cats, dogs."),
        (["trains", "test_tube"], ""),
        (["valid", "invalid"], ""),
        (["photos", "drawings"], ""),
    ],
)
def test_classes_that_look_like_something_else_are_mentioned(tmp_path, capsys, names, said):
    """They may be classes, so they are taken; but the reader is told."""
    root = fill(tmp_path, *(f"{name}/*10" for name in names))
    data.load(root)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 if said else 2
    assert said in lines[1]
    assert said in str(data.audit(root, progress=False))


def test_a_train_beside_a_bus_is_a_class(tmp_path):
    """Vehicles are a common first data set."""
    layout = find_layout(fill(tmp_path, "bus/*3", "train/train_*3", "car/*3"))
    assert (layout.classes, layout.splits, len(layout.samples)) == (("bus", "car", "train"), {}, 9)


# Folders that are no classes


def test_what_systems_leave_behind_is_no_class(tmp_path):
    """Cameras, NAS boxes, archives and synchronisation put folders into every place they see."""
    system = [
        "@eaDir/a",
        "#recycle",
        "$RECYCLE.BIN",
        "lost+found",
        "__pycache__",
        "System Volume Information",
        "__MACOSX",
    ]
    system += [".Trash-1000", ".ipynb_checkpoints"]
    rest = ["Thumbs.db", "a/desktop.ini", "a/._1.jpg", "a/1.jpg:Zone.Identifier", "a/@eaDir/1.jpg"]
    root = fill(tmp_path, "a/*3", "b/*3", *(f"{name}/*2" for name in system), *rest)
    layout = find_layout(root)
    assert (layout.classes, len(layout.samples), layout.skipped_files, layout.skipped_folders) == (
        ("a", "b"),
        6,
        (),
        (),
    )
    assert data.audit(root, progress=False).issues_of("empty_folder") == ()


def test_a_training_run_is_no_class(tmp_path):
    """`--out photos/run` puts curves.png there, which would be a class of one picture."""
    run = ["best.json", "last.json", "best-3.weights.safetensors", "history.csv"]
    root = fill(tmp_path, "a/*3", "b/*3", "run/curves.png", "curves.png", "a/curves.png")
    fill(root, *(f"{folder}{name}" for folder in ("run/", "", "a/") for name in run), content=b"{}")
    layout = find_layout(root)
    assert (layout.classes, len(layout.samples)) == (("a", "b"), 6)
    assert [(each.path.name, each.reason) for each in layout.skipped_folders if each.path != root] == [
        ("run", "a training run")
    ]
    assert "curves.png" not in {path.name for path in data.find_images([root])}


@needs_links
def test_links_are_followed_once_and_never_in_a_circle(tmp_path):
    """People link a class from another disk; a link to the root, or twice to one folder, gives nothing twice."""
    root, disk = fill(tmp_path / "root", "a/*3"), fill(tmp_path / "disk", "b/*3", "c/*3")
    links = {"b": disk / "b", "b again": disk / "b", "loop": root, "up": tmp_path, "a again": root / "a", "no": "/no"}
    for name, goal in links.items():
        (root / name).symlink_to(goal)
    (disk / "b" / "back").symlink_to(root)
    (root / "a" / "linked.jpg").symlink_to(disk / "c" / "1.jpg")
    (root / "a" / "dangling.jpg").symlink_to("/no.jpg")
    layout = find_layout(root)
    assert layout.classes == ("a", "b")
    assert [sum(sample.label == label for sample in layout.samples) for label in (0, 1)] == [4, 3]
    assert {path.name for path in layout.skipped_files} == {"dangling.jpg", "no"}
    assert {each.path.name for each in layout.skipped_folders} == {"a again", "b again", "back", "loop", "up"}
    report = data.audit(root, progress=False)
    assert {issue.path for issue in report.issues_of("skipped_folder")} == {
        each.path for each in layout.skipped_folders
    }
    assert "is a link to a file that is missing" in {issue.detail for issue in report.issues_of("broken_link")}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_not_utf8_go_all_the_way(tmp_path, capsys):
    """Old archives bring them: they must load, train, be printed, be stored, and come back."""
    name = os.fsdecode(b"caf\xe9")
    root = fill(
        tmp_path / "photos",
        *(f"{split}/{label}/{name}*4" for split in ("train", "val", "test") for label in (name, "b")),
    )
    splits = data.load(root)
    assert splits.classes == ("b", "caf\\udce9")
    capsys.readouterr().out.encode("utf-8")
    run = tmp_path / "run"
    imgcls("train", "--data", root, "--out", run, "--epochs", 1, "--image-size", 32, "--device", "cpu", "--workers", 0)
    for file in ("found.csv", "found.txt"):
        imgcls("evaluate", "--data", root, "--checkpoint", run, "--predictions", run / file)
        assert set(evaluation.read_predictions(run / file).paths) == set(map(str, splits.test.paths))
    fill(root, f"test/{name}.jpg", content=b"broken")
    rows = json.loads(imgcls("predict", "--checkpoint", run, "--json", root / "test"))
    assert {row["path"] for row in rows if "error" in row} == {str(root / "test" / f"{name}.jpg")}
    assert {row["path"] for row in rows if "error" not in row} == set(map(str, splits.test.paths))
    imgcls("predict", "--checkpoint", run, root / "test").encode("utf-8")
    report = data.audit(root, progress=False)
    str(report).encode("utf-8")
    assert {issue["path"] for issue in json.loads(report.to_json())["issues"]} >= {f"test/{name}.jpg"}


# Names of data sets


def test_a_folder_named_like_a_set_of_the_course(tmp_path, monkeypatch, capsys):
    """`load("faces")` beside a folder of that name could mean either; it must not be a guess."""
    monkeypatch.chdir(fill(tmp_path, "faces/a/*10", "faces/b/*10"))
    with pytest.raises(DataError, match=r"Write \./faces for the folder, or course:faces") as caught:
        data.load("faces")
    assert "\n" not in str(caught.value)
    assert data.load("./faces").classes == ("a", "b")
    assert data.load("course:faces").card.name == "faces"
    capsys.readouterr()
    assert data.load("digits").card.name == "digits"
    assert capsys.readouterr().out == ""


def test_a_mistyped_folder_is_answered_with_the_nearest(tmp_path, monkeypatch):
    """A folder is looked for among folders, too; a set that was nearly hit is answered as before."""
    monkeypatch.chdir(fill(tmp_path, "my_photos/a.jpg"))
    neither = f"a data set of the course nor a folder in {tmp_path}"
    said = {
        "my_fotos": f"'my_fotos' is neither {neither}. Did you mean 'my_photos'?",
        "xyzzy": f"'xyzzy' is neither {neither}. Known data sets: digits",
        "digit": "'digit' is not a data set of the course. Did you mean 'digits'?",
        "./my_fotos": "There is no folder my_fotos. Did you mean 'my_photos'?",
        "my_photos/a.jpg": "is a file, not a folder",
    }
    for name, line in said.items():
        with pytest.raises(DataError) as caught:
            data.load(name)
        assert line in str(caught.value)


def test_the_command_line_says_what_was_loaded(tmp_path, monkeypatch):
    """A folder and a set look alike in a command; afterwards it must be plain which it was."""
    monkeypatch.chdir(damage.labelled(tmp_path / "photos", train=4, val=2, test=2).parent)
    small = ("--epochs", 1, "--image-size", 32, "--device", "cpu", "--out", tmp_path / "run")
    folder = f"Data: the folder {tmp_path / 'photos'}."
    assert imgcls("train", "--data", "photos", *small).startswith(folder)
    assert imgcls("evaluate", "--data", "photos", "--checkpoint", tmp_path / "run").startswith(folder)
    shutil.rmtree(tmp_path / "photos" / "val")
    shutil.rmtree(tmp_path / "photos" / "test")
    assert imgcls("data", "audit", "photos").startswith(folder)
    assert describe("faces") == "Data: the course's set 'faces'."


def test_predict_counts_what_it_skips(tmp_path, no_heif):
    """A folder of which half is no image must not look as if all of it had been answered."""
    fill(tmp_path, "1.jpg", "@eaDir/1.jpg")
    fill(tmp_path, "a.txt", "b.json", "c.heic", content=HEIC)
    images, others = find_images_and_others([tmp_path])
    assert [path.name for path in images] == ["1.jpg"]
    said = "Skipped 2 files that are not images (.json, .txt)."
    assert skipped_message([path for path in others if path.suffix != ".heic"]) == said
    assert skipped_message(others).startswith(said)
    with pytest.raises(DataError, match=r"There are no images in .* Skipped 1 file that is not an image"):
        find_images_and_others([fill(tmp_path / "none", "a.csv", content=b"1")])


def test_a_missing_image_is_skipped_beside_others(tmp_path):
    """As `predict --help` says; alone, or for `find_images`, it is an error."""
    fill(tmp_path, "good.jpg")
    missing = tmp_path / "nope.jpg"
    assert find_images_and_others([missing, tmp_path / "good.jpg"]) == ([missing, tmp_path / "good.jpg"], [])
    for function, places in ((find_images_and_others, [missing]), (data.find_images, [missing, tmp_path])):
        with pytest.raises(DataError, match="There is no file or folder"):
            function(places)


def test_an_audit_of_a_set_asks_for_a_folder(tmp_path, monkeypatch):
    """The sets of the course have names and no folders; a folder of such a name is one."""
    monkeypatch.chdir(tmp_path)
    for name in ("course:faces", "faces"):
        with pytest.raises(DataError, match=r"'faces' is a data set of the course\. An audit looks at a folder"):
            data_audit(Path(name), None, None, False)
