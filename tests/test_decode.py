"""Reading an image file: right whatever is inside, or one clear reason; never a hang, a bomb or a traceback."""

import os
import pickle
import tempfile
from pathlib import Path

import damage
import numpy as np
import pytest
from cases import each_case
from PIL import Image

from imgcls_course.data.decode import LARGEST, ImageError, read_image
from imgcls_course.errors import DataError


def _file(folder: Path, name: str, table: dict) -> Path:
    (path,) = damage.write(folder, {name: table[name]})
    return path


@each_case("name", list(damage.BROKEN))
@each_case("shorter_side", [None, 16])
def test_a_broken_image_gets_a_reason(tmp_path, name, shorter_side):
    """Whatever is wrong with a file must end in one line that names the file and says what is wrong."""
    path = _file(tmp_path, name, damage.BROKEN)
    with pytest.raises(ImageError, match=damage.BROKEN[name][1]) as caught:
        read_image(path, shorter_side=shorter_side)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, DataError)


@each_case("name", list(damage.UNUSUAL))
def test_an_unusual_image_becomes_rgb(tmp_path, name):
    """Every mode, depth and format must come out as 8-bit RGB of the right size."""
    image = read_image(_file(tmp_path, name, damage.UNUSUAL))
    width, height = damage.UNUSUAL[name][1]
    assert image.shape == (height, width, 3)
    assert image.dtype == np.uint8


@each_case("orientation", range(1, 9))
def test_images_are_turned_upright(tmp_path, orientation):
    """A photo taken with a turned camera must not lie on its side: here red has to be on the left."""
    image = read_image(_file(tmp_path, f"orientation {orientation}.jpg", damage.UNUSUAL)).astype(int)
    left, right = image[:, :15].mean(axis=(0, 1)), image[:, -15:].mean(axis=(0, 1))
    assert left[0] > 200 > 60 > left[2]
    assert right[2] > 200 > 60 > right[0]


@each_case(
    ("name", "expected"),
    [("16 bit.png", 40000 // 256), ("32 bit.tif", 200), ("float.tif", 127), ("transparent.png", 255)],
)
def test_depths_keep_their_brightness(tmp_path, name, expected):
    """16 bits must be scaled and not clipped to white, and what is transparent is white paper."""
    assert (read_image(_file(tmp_path, name, damage.UNUSUAL)) == expected).all()


def test_cmyk_is_no_negative(tmp_path):
    """A printer's JPEG must have the colours it was made from."""
    image = read_image(_file(tmp_path, "cmyk.jpg", damage.UNUSUAL)).astype(int)
    assert abs(image - np.asarray(damage.photo()).astype(int)).mean() < 8


def test_of_an_animation_the_first_frame_is_taken(tmp_path):
    """Which frame is read must not depend on where the file was left."""
    image = read_image(_file(tmp_path, "animated.png", damage.UNUSUAL)).astype(int)
    assert abs(image - np.asarray(damage.photo(seed=1)).astype(int)).mean() < 1


def test_what_is_no_file_is_not_opened(tmp_path):
    """Reading a named pipe would wait for ever."""
    for path in damage.write_no_files(tmp_path):
        with pytest.raises(ImageError, match=r"not a file|missing"):
            read_image(path)


def test_a_file_without_permission_says_so():
    """The reader must learn that the file may be fine."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = Path(folder, "secret.jpg")
        path.write_bytes(damage.encoded(damage.photo(), "JPEG"))
        path.chmod(0)
        me = os.geteuid() if hasattr(os, "geteuid") else None
        try:
            if me == 0:
                os.seteuid(65534)  # root may read everything; nobody may not
            with pytest.raises(ImageError, match="permission"):
                read_image(path)
        finally:
            if me == 0:
                os.seteuid(0)
            path.chmod(0o600)


@each_case(("size", "expected"), [((600, 400), (96, 64)), ((400, 600), (64, 96)), ((50, 40), (50, 40))])
def test_the_shorter_side_is_shrunk_and_never_enlarged(tmp_path, size, expected):
    """Images are kept at what training needs: not larger, and not blown up."""
    damage.photo(size).save(tmp_path / "a.jpg")
    width, height = expected
    assert read_image(tmp_path / "a.jpg", shorter_side=64).shape == (height, width, 3)


def test_a_shrunk_image_looks_the_same(tmp_path):
    """Decoding a JPEG at a part of its size must not move or change what is in it."""
    damage.photo((1200, 900)).save(tmp_path / "a.jpg", quality=95)
    small = read_image(tmp_path / "a.jpg", shorter_side=90).astype(int)
    plain = np.asarray(Image.open(tmp_path / "a.jpg").resize((120, 90), Image.Resampling.BICUBIC)).astype(int)
    assert abs(small - plain).mean() < 1.5


def test_the_limit_is_a_hundred_megapixels():
    """A photo of a good camera has to pass; the documentation names this number."""
    assert LARGEST == 100_000_000


def test_the_error_survives_a_worker_process():
    """Worker processes send errors pickled; path and reason must arrive."""
    error = pickle.loads(pickle.dumps(ImageError("a.jpg", "is empty")))
    assert (str(error), error.path, error.reason) == ("a.jpg: is empty", Path("a.jpg"), "is empty")


def test_real_photos(shared_data):
    """Every photo of a real data set must be read, and come out as Pillow alone reads it."""
    photos = sorted(path for path in (shared_data / "hymenoptera").rglob("*") if path.suffix in {".jpg", ".jpeg"})
    assert len(photos) == 397
    for path in photos[::20]:
        assert (read_image(path) == np.asarray(Image.open(path).convert("RGB"))).all()
