"""The audit: what is wrong with a folder is found, what is right is left in peace, and no file stops it."""

import io
import json
import os
import shutil
import struct
import subprocess
import sys
import warnings
import zlib

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFile

from imgcls_course import data, plots
from imgcls_course.data.auditing import duplicates, fingerprints
from imgcls_course.data.auditing.report import SEVERITY, title_and_advice
from imgcls_course.errors import DataError


def photo(seed: int, *, size=(200, 150)) -> Image.Image:
    """A picture with coarse and fine detail, as a photo has, unlike that of any other seed."""
    rng = np.random.default_rng(seed)
    layers = np.zeros((size[1], size[0], 3))
    for cells in (3, 6, 12, 25, 50):
        noise = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        layers += np.asarray(noise.resize(size, Image.Resampling.BICUBIC), dtype=float) / cells**0.7
    layers -= layers.min()
    return Image.fromarray((layers * 255 / layers.max()).astype(np.uint8))


def edited(image: Image.Image, *, quality=90, scale=1.0, crop=0.0, corner=(0.5, 0.5)) -> bytes:
    """Crop to 1 - `crop` of each side, shrink, and save: a JPEG."""
    width, height = (round(side * (1 - crop)) for side in image.size)
    left, top = (round((side - kept) * at) for side, kept, at in zip(image.size, (width, height), corner, strict=True))
    image = image.crop((left, top, left + width, top + height))
    image = image.resize((round(width * scale), round(height * scale)), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def save(image, path, **options):
    """Save to a folder that may not exist yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


@pytest.fixture
def folder(tmp_path):
    """A sound data set: four pictures of each of two classes, nothing to complain of."""
    root = tmp_path / "pictures"
    for number in range(8):
        save(photo(number), root / ("cat" if number % 2 else "dog") / f"{number}.jpg", quality=90)
    return root


def look(root, **options):
    """Audit without a progress bar."""
    return data.audit(root, progress=False, **options)


def kinds_of(report, path) -> set[str]:
    """The kinds of issue that a file is part of."""
    return {issue.kind for issue in report.issues if path in (issue.path, *issue.others)}


def bomb(path, *, width: int, height: int) -> None:
    """Write a PNG of a few bytes that claims to be huge."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"\0" * 1000)), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


# What is right


def test_a_sound_folder_has_no_issues(folder):
    """An audit that always complains is read by nobody."""
    report = look(folder)
    assert report.issues == ()
    assert report.counts == {}
    assert not report.failed
    assert report.images == {"": {"cat": 4, "dog": 4}}
    assert report.sizes == {"width": (200, 200, 200), "height": (150, 150, 150)}
    assert report.formats == {"JPEG": 8}
    assert "No issues found" in str(report)


def test_real_photos_raise_no_false_alarm(shared_data):
    """Of 397 photos that are all different, none may be called a copy; the GIF that is no photo must be found."""
    report = look(shared_data / "hymenoptera")
    assert {report.short_name(issue.path) for issue in report.issues} == {"train/ants/imageNotFound.gif"}
    assert report.formats == {"GIF": 1, "JPEG": 397}
    assert {split: sum(counts.values()) for split, counts in report.images.items()} == {"train": 245, "val": 153}


def _page(rng) -> Image.Image:
    """Draw a page of print."""
    image = Image.new("RGB", (300, 400), "white")
    draw = ImageDraw.Draw(image)
    for line in range(20, 380, 16):
        ends = np.cumsum(rng.integers(8, 50, 12))
        for left, right in zip(ends[:-1:2], ends[1::2], strict=False):
            draw.rectangle((20 + left, line, 20 + right, line + 7), fill="black")
    return image


def _sign(number: int) -> Image.Image:
    """Draw a red sign at a position of its own."""
    image = Image.new("RGB", (300, 400), "white")
    draw = ImageDraw.Draw(image)
    x, y = 10 + 55 * (number % 5), 10 + 60 * (number // 5)
    draw.ellipse((x, y, x + 50, y + 50), fill="red")
    draw.rectangle((x + 15, y + 15, x + 35, y + 35), fill="white")
    return image


def test_flat_drawings_are_told_apart(tmp_path):
    """Pages of print look alike from afar, and a sign at another position is another image."""
    rng = np.random.default_rng(0)
    for kind, make in (("page", lambda _number: _page(rng)), ("sign", _sign)):
        for number in range(30):
            save(make(number), tmp_path / kind / "ab"[number % 2] / f"{number}.png")
        assert look(tmp_path / kind).counts == {}, kind


def test_pictures_without_contrast_are_no_copies_of_each_other(tmp_path):
    """Black pictures, and faint ones, have nothing that tells one from another; only equal bytes count."""
    for number in range(4):
        save(Image.new("RGB", (60 + number, 60), (number, 0, 0)), tmp_path / "a" / f"{number}.png")
    shutil.copy(tmp_path / "a" / "0.png", tmp_path / "a" / "copy4.png")
    report = look(tmp_path)
    assert report.counts == {"duplicate": 1, "blank": 5}


def test_tiny_pictures_are_only_compared_exactly(tmp_path):
    """In 8×8 pixels two handwritten ones look the same, and are not."""
    rng = np.random.default_rng(0)
    one = rng.integers(0, 256, (8, 8), dtype=np.uint8)
    for number in range(6):
        noisy = (one * 0.9 + rng.integers(0, 20, one.shape)).astype(np.uint8)
        save(Image.fromarray(noisy), tmp_path / "a" / f"{number}.png")
    shutil.copy(tmp_path / "a" / "3.png", tmp_path / "a" / "9.png")
    assert look(tmp_path).counts == {"duplicate": 1}


# Copies

EDITS = [
    {"quality": 60},
    {"scale": 0.5},
    {"crop": 0.03, "corner": (0.0, 1.0)},
    {"crop": 0.06},
    {"quality": 60, "scale": 0.5, "crop": 0.03, "corner": (1.0, 0.3)},
]


def _plant(root, edit) -> dict[str, list[set]]:
    """Make 120 images, and copies of 80 of them: 20 of each kind, exactly or edited."""
    rng = np.random.default_rng(1)
    places = ["train/a", "train/b", "val/a", "val/b"]
    files = [save(photo(n, size=(320, 240)), root / places[n % 4] / f"{n}.jpg", quality=90) for n in range(120)]
    planted = {kind: [] for kind in ("duplicate", "near_duplicate", "leakage", "label_conflict")}
    for number, source in enumerate(files[:80]):
        kind = list(planted)[number // 4 % 4]
        split, label = source.parts[-3:-1]
        split = {"train": "val", "val": "train"}[split] if kind == "leakage" else split
        label = {"a": "b", "b": "a"}[label] if kind == "label_conflict" else label
        copy = root / split / label / f"copy{number}.jpg"
        if kind == "duplicate" or (kind != "near_duplicate" and rng.random() < 0.5):
            shutil.copy(source, copy)
        else:
            with Image.open(source) as image:
                copy.write_bytes(edited(image, **edit))
        planted[kind].append({source, copy})
    return planted


def test_planted_copies_are_found(tmp_path):
    """All exact copies and at least 19 of 20 edited ones must be found, in the right kind, and nothing else."""
    for number, edit in enumerate(EDITS):
        planted = _plant(tmp_path / str(number), edit)
        report = look(tmp_path / str(number))
        found = {kind: [{issue.path, *issue.others} for issue in report.issues_of(kind)] for kind in planted}
        assert all(group in planted[kind] for kind, groups in found.items() for group in groups), edit
        assert len(found["duplicate"]) == 20, edit
        assert all(len(groups) >= 19 for groups in found.values()), edit
        assert set(report.counts) == set(planted), edit
        assert report.failed


def test_the_kind_of_a_copy_says_what_it_spoils(folder):
    """A copy under another label must not be put down as a mere copy; one in both ways is said twice."""
    twin = folder / "cat" / "zz.jpg"
    shutil.copy(folder / "dog" / "0.jpg", twin)
    report = look(folder)
    (issue,) = report.issues
    assert (issue.kind, issue.severity, issue.path) == ("label_conflict", "error", twin)
    assert issue.others == (folder / "dog" / "0.jpg",)
    assert "cat, dog" in issue.detail
    shutil.copytree(folder, folder.parent / "split" / "train")
    (folder.parent / "split" / "test" / "cat").mkdir(parents=True)
    shutil.copy(twin, folder.parent / "split" / "test" / "cat")
    report = look(folder.parent / "split")
    assert report.counts == {"leakage": 1, "label_conflict": 1, "missing_class": 1}
    assert "train, test" in report.issues_of("leakage")[0].detail


def test_three_copies_are_one_group(folder):
    """A group said as three pairs would be counted three times."""
    for name, edit in (("x", {"quality": 60}), ("y", {"scale": 0.6})):
        with Image.open(folder / "dog" / "0.jpg") as image:
            (folder / "dog" / f"{name}.jpg").write_bytes(edited(image, **edit))
    (issue,) = look(folder).issues
    assert issue.kind == "near_duplicate"
    assert {path.name for path in (issue.path, *issue.others)} == {"0.jpg", "x.jpg", "y.jpg"}


def test_the_same_pixels_in_other_bytes_are_a_duplicate(folder):
    """A tool that rewrites metadata changes every byte-wise hash and no pixel."""
    content = (folder / "dog" / "0.jpg").read_bytes()
    (folder / "dog" / "tagged.jpg").write_bytes(content[:2] + b"\xff\xfe\x00\x07hello" + content[2:])  # a comment
    assert look(folder).counts == {"duplicate": 1}


def test_a_grey_copy_is_found_and_another_colour_is_another_picture(folder):
    """A grey copy leaks as well as a coloured one, but a red and a blue sign are two pictures."""
    save(photo(0).convert("L"), folder / "dog" / "grey.jpg", quality=90)
    red, green, blue = photo(2).split()
    save(Image.merge("RGB", (red, green, blue)), folder / "dog" / "x.png")
    twisted = np.asarray(photo(4).convert("YCbCr")).copy()
    twisted[..., 1:] = 255 - twisted[..., 1:]
    twisted[..., 1] = 230
    save(Image.fromarray(twisted, "YCbCr").convert("RGB"), folder / "dog" / "blue.png")
    found = [sorted(path.name for path in (f.path, *f.others)) for f in look(folder).issues_of("near_duplicate")]
    assert sorted(found) == [["0.jpg", "grey.jpg"], ["2.jpg", "x.png"]]


def test_the_search_is_not_quadratic(tmp_path, monkeypatch):
    """Of many pictures only the nearest few of each may be compared, even if all of them look the same."""
    rng = np.random.default_rng(0)
    count = 3000
    for points in (rng.normal(size=(count, 20)) * 0.01 + 1, np.ones((count, 20)), rng.normal(size=(count, 20))):
        pairs = fingerprints.candidate_pairs(points / np.linalg.norm(points, axis=1, keepdims=True))
        assert len(pairs) <= 9 * count
        assert (pairs[:, 0] < pairs[:, 1]).all()
    looked = []
    whole = fingerprints.are_near_duplicates
    monkeypatch.setattr(
        fingerprints, "are_near_duplicates", lambda one, two: looked.append(len(one.grey)) or whole(one, two)
    )
    prints = fingerprints.Fingerprints.empty(600)
    prints.grey[:] = np.asarray(photo(0).resize((32, 32)).convert("L")) + rng.integers(0, 3, (600, 32, 32), np.uint8)
    pairs = fingerprints.near_duplicate_pairs(prints)
    assert sum(looked) <= 9 * 600
    assert max(looked) <= 512
    (group,) = fingerprints.connected_groups(pairs, count=600)
    assert len(group) == 600


def test_memory_grows_by_kilobytes_a_picture(tmp_path):
    """Were decoded pictures kept, a large set would fill the memory: 300 of 3 MB would take 900 MB."""
    for number in range(6):
        save(photo(number, size=(1200, 900)), tmp_path / "data" / "a" / f"{number}.jpg", quality=80)
    for number in range(6, 300):
        os.link(tmp_path / "data" / "a" / f"{number % 6}.jpg", tmp_path / "data" / "a" / f"{number}.jpg")
    code = (
        "import resource, sys; from imgcls_course.data import audit; peak = lambda:"
        " resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; before = peak();"
        " audit(sys.argv[1], progress=False); print(peak() - before, 'torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code, tmp_path / "data"], capture_output=True, text=True, check=True)
    kilobytes, torch = run.stdout.split()
    assert int(kilobytes) < 150_000
    assert torch == "False"


def test_of_many_copies_only_neighbours_are_compared(tmp_path, monkeypatch):
    """Were every pair of a group looked at closely, 150 copies would be 11,175 pairs, and take a minute."""
    image = photo(0)
    for number in range(150):
        save(image.resize((200 - number % 20, 150)), tmp_path / "a" / f"{number}.jpg", quality=60 + number // 10)
    compared = []
    whole = fingerprints.are_near_duplicates
    monkeypatch.setattr(
        fingerprints, "are_near_duplicates", lambda one, two: compared.append(len(one.grey)) or whole(one, two)
    )
    (issue,) = look(tmp_path).issues
    assert len(issue.others) == 149
    assert 149 <= sum(compared) <= 2 * 9 * 150  # at most nine neighbours each; the surest are read once more, larger


# Each kind of issue


def _unreadable(path):
    path.write_bytes(path.read_bytes()[:3000])


def _animated(path):
    photo(50).save(path.with_suffix(".webp"), save_all=True, append_images=[photo(51)])


def _rotated(path):
    exif = Image.Exif()
    exif[0x112] = 6
    photo(50).save(path, exif=exif)


FAULTS = {
    "unreadable": _unreadable,
    "unlabelled": lambda path: photo(50).save(path.parents[1] / "loose.jpg"),
    "broken_link": lambda path: path.with_name("link.jpg").symlink_to(path.with_name("nowhere.jpg")),
    "mask": lambda path: photo(50).save(path.with_name("0_mask.jpg")),
    "skipped_file": lambda path: photo(50).save(path.with_name("photo.txt"), format="JPEG"),
    "skipped_folder": lambda path: (path.parents[1] / "loop").symlink_to(path.parents[1]),
    "empty_folder": lambda path: path.with_name("x.jpg").mkdir(),
    "blank": lambda path: Image.new("RGB", (200, 150), "white").save(path),
    "tiny": lambda path: photo(50).resize((24, 20)).save(path),
    "giant": lambda path: photo(50).resize((5000, 4001)).save(path),
    "extreme_shape": lambda path: photo(50, size=(700, 120)).save(path),
    "animated": _animated,
    "rotated": _rotated,
    "wrong_extension": lambda path: photo(50).save(path, format="PNG"),
    "cmyk": lambda path: photo(50).convert("CMYK").save(path),
    "high_bit_depth": lambda path: Image.fromarray(np.arange(9000, dtype=np.uint16).reshape(90, 100)).save(
        path.with_suffix(".png")
    ),
    "palette": lambda path: photo(50).convert("P").save(path.with_suffix(".png")),
    "transparent": lambda path: photo(50).convert("RGBA").save(path.with_suffix(".png")),
    "greyscale": lambda path: photo(50).convert("L").save(path),
    "duplicate": lambda path: shutil.copy(path, path.with_name("copy1.jpg")),
    "near_duplicate": lambda path: photo(0).resize((120, 90)).save(path.with_name("copy1.jpg")),
    "label_conflict": lambda path: shutil.copy(path, path.parents[1] / "cat" / "copy1.jpg"),
    "imbalance": lambda path: [save(photo(n), path.with_name(f"{n}.jpg")) for n in range(60, 69)],
}


def test_each_fault_is_found_as_what_it_is(folder, tmp_path):
    """One fault must give its own issue, and not the others of the list beside it."""
    for kind, plant in FAULTS.items():
        root = shutil.copytree(folder, tmp_path / kind)
        plant(root / "dog" / "0.jpg")
        report = look(root)
        beside = {"high_bit_depth": {"greyscale"}}.get(kind, set())
        assert set(report.counts) == {kind, *beside}, kind
        (issue,) = report.issues_of(kind)
        assert issue.severity == SEVERITY[kind]
        assert issue.detail, kind
        assert report.failed == (issue.severity == "error"), kind
        assert report.short_name(issue.path) in str(report)
        assert title_and_advice(kind)[1] in str(report)


def test_every_kind_has_a_test():
    """A kind of issue that no test makes may never be found."""
    assert set(FAULTS) | {"leakage", "missing_class"} == set(SEVERITY)


def test_a_class_without_pictures_in_a_split_is_found(tmp_path):
    """A class that is only in train is learned and never measured."""
    for number in range(9):
        save(photo(number), tmp_path / ("train/a", "train/b", "val/a")[number % 3] / f"{number}.jpg")
    (issue,) = look(tmp_path).issues
    assert (issue.kind, issue.path) == ("missing_class", tmp_path)
    assert "'b'" in issue.detail
    assert "val" in issue.detail


def test_grey_and_small_are_only_odd_beside_others(tmp_path):
    """A set that is all grey, or all small, as digits are, is none to complain of."""
    for number in range(4):
        save(photo(number, size=(24, 24)).convert("L"), tmp_path / "a" / f"{number}.png")
    assert look(tmp_path).issues == ()


def test_files_that_are_no_pictures_are_a_note(folder):
    """A read-me beside the pictures is in order; it must not look like a fault."""
    (folder / "README.txt").write_text("hello", encoding="utf-8")
    (issue,) = look(folder).issues
    assert (issue.kind, issue.severity) == ("skipped_file", "note")


def test_a_picture_without_a_label_is_not_said_to_be_of_a_wrong_kind(folder, tmp_path):
    """An ordinary JPEG beside the classes needs no conversion, but a class."""
    photo(50).save(folder / "loose.jpg")
    (issue,) = look(folder).issues_of("unlabelled")
    assert issue.detail == "lies beside the folders of the classes"
    assert "Convert" not in str(look(folder))
    photo(51).save(folder / "dog" / "0_mask.png")
    assert "is a mask of the image beside it" in str(look(folder))
    table = tmp_path / "labels.csv"
    table.write_text("image,label\n0.jpg,a\n2.jpg,a\n1.jpg,b\n3.jpg,b\nnone.jpg,b\n", encoding="utf-8")
    report = look(folder, labels=table)
    assert {issue.detail for issue in report.issues_of("unlabelled")} == {"has no label in the table"}
    names = tmp_path / "names"
    for number, name in enumerate(("cat.1", "cat.2", "dog.1", "dog.2", "loose")):
        save(photo(number), names / f"{name}.jpg")
    assert [issue.detail for issue in look(names).issues] == ["has no label in its name"]


def test_the_audit_says_no_when_training_would(tmp_path):
    """Its last line, what is marked above it, and `train` must say the same."""
    cases = {
        ("train/a*2", "train/b*2", "val/a*1", "val/c*1"): "Class 'c' of",
        ("train/Cat*2", "train/b*2", "val/cat*1"): "but train has 'Cat'.",
        ("train/1*2", "train/2*2", "val/01*1"): "but train has '1'.",
        ("a*3", "b*1"): "Class 'b' has a single image",
    }
    for case, (names, said) in enumerate(cases.items()):
        for index, name in enumerate(names):
            folder, _star, count = name.partition("*")
            for number in range(int(count)):
                save(photo(10 * index + number), tmp_path / str(case) / folder / f"{number}.jpg")
        report = look(tmp_path / str(case))
        with pytest.raises(DataError) as caught:
            data.load(tmp_path / str(case))
        assert said in str(caught.value) == report.problem
        assert str(report).endswith("Fix what is marked ✗ before you train.")
        assert report.failed


def test_the_last_line_agrees_with_those_above(folder, tmp_path):
    """No issues found means that no line is marked."""
    assert "No issues found" in str(look(folder))
    table = tmp_path / "labels.csv"
    rows = [f"{n}.jpg,{'ab'[n % 2]}" for n in range(9)]  # one more than there are
    table.write_text("\n".join(["image,label", *rows]), encoding="utf-8")
    report = str(look(folder, labels=table))
    assert "! Not all rows and images belong together: labels in labels.csv (rows without an image: 1)." in report
    assert report.endswith("You can train. Look at what is marked ! first.")
    (folder / "readme.txt").write_text("hello", encoding="utf-8")
    assert str(look(folder)).endswith("\nYou can train.")
    (folder / "bird").mkdir()
    assert "! No file in the folder 'bird'" in str(look(folder))
    assert str(look(folder)).endswith("Look at what is marked ! first.")


def test_labels_in_file_names_are_audited_too(tmp_path):
    """`pattern` must reach the layout, and a name that does not fit be refused in one line."""
    for number in range(4):
        save(photo(number % 3), tmp_path / f"{number}-{'ab'[number % 2]}-x.jpg")
    report = look(tmp_path, pattern=r"\d-(?P<label>[ab])-x")
    assert report.images == {"": {"a": 2, "b": 2}}
    assert report.counts == {"label_conflict": 1}
    with pytest.raises(DataError, match="does not match"):
        look(tmp_path, pattern=r"(?P<label>[a])")


# Damage


def test_nothing_in_a_file_stops_the_audit(folder, recwarn):
    """Whatever lies in the folder, the rest must still be looked at, and no warning of Pillow's be shown."""
    dogs = folder / "dog"
    whole = (dogs / "0.jpg").read_bytes()
    (dogs / "empty.jpg").touch()
    (dogs / "text.jpg").write_text("<html>404 not found</html>", encoding="utf-8")
    (dogs / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (dogs / "denied.jpg").write_bytes(whole[::-1])
    (dogs / "denied.jpg").chmod(0)
    (dogs / "folder.jpg").mkdir()
    bomb(dogs / "bomb.png", width=60_000, height=60_000)
    bomb(dogs / "large.png", width=11_000, height=10_000)
    save(photo(20), dogs / "cut.png")
    (dogs / "cut.png").write_bytes((dogs / "cut.png").read_bytes()[:9000])
    save(Image.new("RGB", (30_000, 2)), dogs / "line.png")
    save(Image.new("RGB", (1, 1)), dogs / "dot.png")
    save(photo(21), dogs / "anim.png", save_all=True, append_images=[photo(22)])
    save(photo(23), dogs / "anim.gif", save_all=True, append_images=[photo(24)])
    report = look(folder)
    broken = {"empty.jpg", "text.jpg", "cut.jpg", "denied.jpg", "bomb.png", "large.png", "cut.png"}
    assert {issue.path.name for issue in report.issues_of("unreadable")} == broken
    assert kinds_of(report, dogs / "dot.png") == {"blank", "tiny"}
    assert kinds_of(report, dogs / "line.png") == {"blank", "tiny", "extreme_shape"}
    assert kinds_of(report, dogs / "anim.png") == {"animated"}
    assert kinds_of(report, dogs / "anim.gif") == {"animated", "palette"}
    assert kinds_of(report, dogs / "folder.jpg") == {"empty_folder"}
    assert report.failed
    assert not recwarn.list


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_and_a_dangling_link_do_not_stop_the_audit(folder):
    """Reading a pipe would wait for ever."""
    os.mkfifo(folder / "dog" / "pipe.jpg")
    (folder / "dog" / "link.jpg").symlink_to(folder / "nowhere.jpg")
    assert {issue.path.name for issue in look(folder).issues} == {"pipe.jpg", "link.jpg"}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_any_name_can_be_printed_and_stored(folder):
    """A name that is no UTF-8, or has a line break, must not break the report."""
    names = ["日本語 é.jpg", "two\nlines $x$ {y}.jpg", os.fsdecode(b"\xff\xfe.jpg")]
    for name in names:
        (folder / "dog" / name).touch()
    report = look(folder)
    str(report).encode("utf-8")
    assert {os.path.basename(row["path"]) for row in json.loads(report.to_json())["issues"]} == set(names)
    shown = {report.short_name(issue.path) for issue in report.issues}
    assert shown == {"dog/日本語 é.jpg", "dog/two?lines $x$ {y}.jpg", "dog/??.jpg"}


def test_a_set_without_one_readable_picture_is_no_crash(tmp_path):
    """The medians of nothing must not be asked for."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").touch()
    report = look(tmp_path)
    assert report.counts == {"unreadable": 1}
    assert (report.sizes, report.formats) == ({}, {})
    assert "a/1.jpg" in str(report)


def test_cut_files_are_found_although_pillow_was_told_to_bear_them(folder, monkeypatch):
    """Many set LOAD_TRUNCATED_IMAGES; the audit must see the damage all the same, and put the setting back."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    _unreadable(folder / "dog" / "0.jpg")
    before = list(warnings.filters)
    assert look(folder).counts == {"unreadable": 1}
    assert ImageFile.LOAD_TRUNCATED_IMAGES
    assert warnings.filters == before


def test_a_file_that_goes_away_meanwhile_is_no_crash(folder, monkeypatch):
    """Between the first and the closer look a file may be deleted."""
    twin = folder / "dog" / "twin.jpg"
    twin.write_bytes(edited(photo(0), quality=60))
    search = duplicates.near_duplicate_pairs

    def search_and_delete(prints):
        pairs = search(prints)
        twin.unlink()
        return pairs

    monkeypatch.setattr(duplicates, "near_duplicate_pairs", search_and_delete)
    assert look(folder).counts == {}


def test_a_wrong_folder_is_one_line(tmp_path):
    """A misspelt path must say so."""
    with pytest.raises(DataError, match="no folder"):
        look(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no images"):
        look(tmp_path)


# The report


def test_json_holds_what_the_report_holds(folder):
    """A script that reads the JSON must see the same issues."""
    shutil.copy(folder / "dog" / "0.jpg", folder / "cat" / "twin.jpg")
    (folder / "dog" / "empty.jpg").touch()
    report = look(folder)
    stored = json.loads(report.to_json())
    assert stored["failed"] is True
    assert stored["counts"] == report.counts == {"unreadable": 1, "label_conflict": 1}
    assert stored["images"] == {"": {"cat": 5, "dog": 5}}
    assert stored["sizes"] == {"width": [200] * 3, "height": [150] * 3}
    assert stored["issues"][0] == {
        "kind": "unreadable",
        "severity": "error",
        "path": "dog/empty.jpg",
        "detail": "is empty",
        "others": [],
    }
    assert stored["issues"][1]["others"] == ["dog/0.jpg"]


def test_the_report_is_short_and_the_gravest_comes_first(folder):
    """A hundred issues of a kind must not bury the one that matters."""
    for number in range(100):
        save(photo(100 + number, size=(60, 50)).convert("L"), folder / "cat" / f"grey{number}.jpg")
    (folder / "dog" / "empty.jpg").touch()
    text = str(look(folder))
    assert len(text.splitlines()) < 25
    assert (
        text.index("✗ unreadable: 1.")
        < text.index("! imbalance: 1.")
        < text.index("· greyscale among coloured ones: 100.")
    )
    assert text.endswith("Fix what is marked ✗ before you train.")


def test_the_order_of_issues_is_the_same_every_time(folder):
    """Threads end in any order; the report must not."""
    for number in range(20):
        (folder / "cat" / f"empty{number}.jpg").touch()
    assert look(folder) == look(folder)


def test_an_unknown_kind_is_answered_with_the_known_ones(folder):
    """A misspelt kind that gave nothing would look like good news."""
    with pytest.raises(DataError, match="Did you mean 'leakage'"):
        look(folder).issues_of("leakege")


def test_the_report_can_be_translated(folder, translate):
    """Titles and advice are asked for when they are shown, so a language set later is used."""
    translate({"unreadable": "无法读取", "is empty": "是空的"})
    (folder / "dog" / "empty.jpg").touch()
    text = str(look(folder))
    assert "✗ 无法读取: 1." in text
    assert "是空的" in text


# Figures


@pytest.fixture
def faulty(folder):
    """A report with an error of two files, one of one file, and a note."""
    shutil.copy(folder / "dog" / "0.jpg", folder / "cat" / "twin.jpg")
    (folder / "dog" / "empty.jpg").touch()
    save(photo(9).convert("L"), folder / "cat" / "$grey$.jpg")
    return look(folder)


def test_the_summary_draws_each_count(faulty):
    """Each kind must have its bar and number, the gravest on top, coloured by severity."""
    ax = Figure().subplots()
    assert plots.audit_summary(faulty, ax=ax) is ax
    assert [label.get_text() for label in ax.get_yticklabels()] == ["unreadable", "label conflict", "greyscale"]
    assert [bar.get_width() for bar in ax.patches] == [1, 1, 1]
    assert ax.patches[0].get_facecolor() == ax.patches[1].get_facecolor() != ax.patches[2].get_facecolor()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["error", "note"]
    assert ax.yaxis_inverted()


def test_the_gallery_shows_copies_side_by_side(faulty):
    """Both pictures of a pair must be there, next to each other, with their names."""
    ax = Figure().subplots()
    assert plots.audit_gallery(faulty, "label_conflict", ax=ax) is ax
    assert [text.get_text() for text in ax.texts] == ["cat/twin.jpg", "dog/0.jpg"]
    first, second = ax.images
    np.testing.assert_array_equal(first.get_array(), second.get_array())
    assert first.get_extent()[2:] == second.get_extent()[2:]
    assert 0 < second.get_extent()[0] - first.get_extent()[1] < 0.2
    np.testing.assert_allclose(np.ptp(first.get_extent()[:2]), 200 / 150)


def test_the_gallery_frames_what_cannot_be_read(faulty):
    """A broken file has no image to show; its frame must say why."""
    ax = plots.audit_gallery(faulty, "unreadable", ax=Figure().subplots())
    assert len(ax.images) == 0
    assert len(ax.patches) == 1
    assert {text.get_text() for text in ax.texts} == {"dog/empty.jpg", "is empty"}


def test_the_gallery_keeps_to_its_limit_and_its_rows(folder):
    """No picture may cover another, and at most `limit` issues be drawn."""
    for number in range(12):
        save(photo(30 + number, size=(40 + 30 * number, 120)).convert("L"), folder / "dog" / f"x{number}.jpg")
    ax = plots.audit_gallery(look(folder), "greyscale", limit=9, ax=Figure().subplots())
    boxes = [image.get_extent() for image in ax.images]  # left, right, bottom, top; y grows downwards
    assert len(boxes) == 9
    for index, (left, right, bottom, top) in enumerate(boxes):
        assert ax.get_xlim()[0] <= left < right <= ax.get_xlim()[1]
        assert ax.get_ylim()[1] <= top < bottom <= ax.get_ylim()[0]
        for other_left, other_right, other_bottom, other_top in boxes[:index]:
            assert left >= other_right or right <= other_left or top >= other_bottom or bottom <= other_top


def test_figures_of_a_sound_set_say_so(folder):
    """An empty figure without a word looks like a fault of the figure."""
    report = look(folder)
    assert plots.audit_summary(report, ax=Figure().subplots()).texts[-1].get_text() == "nothing found"
    assert plots.audit_gallery(report, "leakage", ax=Figure().subplots()).texts[-1].get_text() == "none found"
