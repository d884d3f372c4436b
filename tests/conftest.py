"""What the unit tests share: repeatable random numbers, no window, no figure left over, and a few small helpers."""

import os
import random
import struct
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image

matplotlib.use("Agg", force=True)  # before any test imports pyplot

import matplotlib.pyplot as plt

from imgcls_course import data, i18n
from imgcls_course.checking import guard
from imgcls_course.data.formats import formats


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Compute on one thread: the tests run side by side, and the tensors here are small."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seeded():
    """Start every test from the same random numbers, whatever ran before it."""
    random.seed(0)
    np.random.seed(0)  # the global state is what a library may draw from
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _no_figure_left():
    """Close what a test drew, so that the next one starts with no current Axes."""
    yield
    plt.close("all")


@pytest.fixture
def course_home(tmp_path, monkeypatch):
    """Give the test a student's folder of its own; it does not exist yet."""
    folder = tmp_path / "home" / "imgcls"
    monkeypatch.setenv("IMGCLS_HOME", str(folder))
    return folder


@pytest.fixture
def unrehearsed(monkeypatch):
    """Take answers for harmless: without a copy of the process for each, thousands are judged in no time."""
    monkeypatch.setattr(guard, "REHEARSE", False)


@pytest.fixture
def patient(monkeypatch):
    """Wait for answers that are known to end, however busy the machine is."""
    monkeypatch.setitem(guard.call_all.__kwdefaults__, "limit_s", 100.0)


@pytest.fixture
def impatient(monkeypatch):
    """Break answers off after a tenth of a second, so that many can be tried."""
    monkeypatch.setitem(guard.call_all.__kwdefaults__, "limit_s", 0.1)


@pytest.fixture(scope="session")
def shared_data():
    """Real photos that are no part of the course; without them the test is skipped, which is an error in CI."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("IMGCLS_SHARED", folder))
    if not folder.is_dir():
        if os.environ.get("IMGCLS_REQUIRE_SHARED"):
            pytest.fail(f"{folder} is missing; set IMGCLS_SHARED to where it is")
        pytest.skip(f"needs the real photos in {folder}")
    return folder


@pytest.fixture
def no_heif(monkeypatch):
    """Take the plugin for HEIC for not installed."""
    formats()  # registers it, once a process
    monkeypatch.delitem(Image.OPEN, "HEIF")


@pytest.fixture(scope="session")
def digits():
    """All ten digits, split as the lessons split them."""
    return data.load("digits")


@pytest.fixture(scope="session")
def few_digits(digits):
    """Three digits only: quick to train on."""
    return digits.select(["1", "3", "8"])


@pytest.fixture
def translate(tmp_path, monkeypatch):
    """`translate({english: other})` puts a real gettext catalogue in force for the rest of the test."""

    def install(messages: dict[str, str], *, language: str = "zh") -> None:
        folder = tmp_path / "locale" / language / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "imgcls_course.mo").write_bytes(_mo(messages))
        monkeypatch.setattr(i18n, "LOCALE", tmp_path / "locale")
        monkeypatch.setenv("LANGUAGE", language)
        i18n._catalogue.cache_clear()

    yield install
    i18n._catalogue.cache_clear()


def _mo(messages: dict[str, str]) -> bytes:
    """Write a catalogue in gettext's binary format: header, two tables of (length, offset), and the texts."""
    everything = {"": "Content-Type: text/plain; charset=UTF-8\n", **messages}
    entries = sorted((key.encode(), text.encode()) for key, text in everything.items())
    n, blob, tables = len(entries), b"", []
    for column in (0, 1):
        for entry in entries:
            tables += [len(entry[column]), 28 + 16 * n + len(blob)]
            blob += entry[column] + b"\0"
    return struct.pack(f"<7I{4 * n}I", 0x950412DE, 0, n, 28, 28 + 8 * n, 0, 28 + 16 * n, *tables) + blob
