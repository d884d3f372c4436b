"""Data sets by download, against a real server that does what real networks do: all or nothing, and one line on why."""

import contextlib
import dataclasses
import gzip
import hashlib
import http.server
import io
import pickle
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import requests
import torch
from PIL import Image

from imgcls_course.data.cards import CARDS, Archive
from imgcls_course.data.online import download, fetch, readers
from imgcls_course.data.online.download import DownloadError
from imgcls_course.errors import DataError

BY_DOWNLOAD = [name for name, card in CARDS.items() if card.archives]
FILES = {"train/cat/1.jpg": b"one" * 400, "train/dog/2.jpg": b"two" * 400, "train/dog/3.jpg": bytes(1200)}

CHILD = """
import dataclasses, sys
from imgcls_course.data import cards, download
url, size, sha256, limit = sys.argv[1:]
if int(limit):
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
archive = cards.Archive(url=url, size=int(size), sha256=sha256)
cards.CARDS["cats_dogs"] = dataclasses.replace(cards.CARDS["cats_dogs"], archives=(archive,), unpacked=100_000)
try:
    print(download.get("cats_dogs", progress=False))
except Exception as error:
    print(f"{type(error).__name__}: {error}")
"""


# ---------------------------------------------------------------------------------------------- a server and archives


class Server(http.server.ThreadingHTTPServer):
    """Serves `pages`: path -> bytes, a file, a status, or a function of the handler; remembers what was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.clear()

    def clear(self) -> None:
        """Forget all pages, and let go of whoever still waits."""
        if hasattr(self, "go"):
            self.go.set()
        self.pages, self.asked, self.go = {}, [], threading.Event()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as the page says."""

    def do_GET(self):
        """Send what stands under the path."""
        self.server.asked.append(self.path)
        page = self.server.pages.get(self.path, 404)
        with contextlib.suppress(ConnectionError):
            if isinstance(page, int):
                self.send_error(page)
            elif isinstance(page, Path):
                with page.open("rb") as stream:
                    self.head(page.stat().st_size)
                    shutil.copyfileobj(stream, self.wfile)
            elif isinstance(page, bytes):
                self.head(len(page))
                self.wfile.write(page)
            else:
                page(self)

    def head(self, size: int | None) -> None:
        """Send the head of a good answer."""
        self.send_response(200)
        if size is not None:
            self.send_header("Content-Length", str(size))
        self.end_headers()

    def log_message(self, *arguments) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def _server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.clear()
    server.shutdown()
    server.server_close()


@pytest.fixture
def server(_server):
    """The server, with nothing on it yet."""
    _server.clear()
    yield _server
    _server.clear()


@pytest.fixture(autouse=True)
def _direct(monkeypatch):
    """Go through no proxy, and know no mirror."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("IMGCLS_MIRROR", raising=False)


@pytest.fixture
def _impatient(monkeypatch):
    """Do not wait for half a minute."""
    monkeypatch.setattr(fetch, "READ_TIMEOUT", 0.4)


@pytest.fixture
def place(course_home):
    """Where downloads go."""
    return course_home / "data"


@pytest.fixture
def offer(server, place, monkeypatch):
    """`offer(archive)` makes "cats_dogs" a set of this one archive on the server; `place` is there to put things in."""
    place.mkdir(parents=True)

    def make(*archives, name="cats_dogs", page=None, unpacked=100_000, **fields):
        """`archives` are (file name, content, more of the Archive) or content alone, then a zip."""
        listed = []
        for archive in archives:
            file, content, more = archive if isinstance(archive, tuple) else ("fake.zip", archive, {})
            server.pages[f"/{file}"] = content if page is None else page
            known = {"url": f"{server.url}/{file}", "size": _size(content), "sha256": _sha256(content)}
            listed.append(Archive(**{**known, **more}))
        card = dataclasses.replace(CARDS[name], archives=tuple(listed), unpacked=unpacked, **fields)
        monkeypatch.setitem(CARDS, name, card)
        return card

    return make


def _size(content) -> int:
    return content.stat().st_size if isinstance(content, Path) else len(content)


def _sha256(content) -> str:
    return hashlib.sha256(content.read_bytes() if isinstance(content, Path) else content).hexdigest()


def zipped(files: dict[str, bytes], *, method=zipfile.ZIP_STORED) -> bytes:
    """Make a zip archive, always the same: the time of day would be in it otherwise."""
    blob = io.BytesIO()
    with zipfile.ZipFile(blob, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return blob.getvalue()


def deflated(files: dict[str, bytes]) -> bytes:
    """Make a zip archive smaller than its files."""
    return zipped(files, method=zipfile.ZIP_DEFLATED)


def tarred(files: dict[str, bytes]) -> bytes:
    """Make a .tar.gz archive."""
    return tar_of(*(_tar_info(name, size=len(content)) for name, content in files.items()), contents=files)


def tar_of(*members: tarfile.TarInfo, contents=()) -> bytes:
    """Make a .tar.gz archive of any members."""
    blob = io.BytesIO()
    with tarfile.open(fileobj=blob, mode="w:gz", compresslevel=1) as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(contents[member.name]) if member.name in contents else None)
    return blob.getvalue()


def _tar_info(name: str, **fields) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def contents(folder: Path) -> dict[str, bytes]:
    """Read every file of a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _half(content: bytes, *, then):
    """Send half of the content, and go on with `then`."""

    def page(handler):
        handler.head(len(content))
        handler.wfile.write(content[: len(content) // 2])
        handler.wfile.flush()
        then(handler)

    return page


def _rest(content: bytes) -> bytes:
    return content[len(content) // 2 :]


def refused(card, *, by_hand=()) -> str:
    """Want `get` to fail as it should, and return its message."""
    place = download.folder(card.name).parent
    with pytest.raises(DownloadError) as caught:
        download.get(card.name, progress=False)
    message = str(caught.value)
    assert "\n" not in message
    assert any(archive.url in message for archive in card.archives), message
    assert str(place) in message
    assert f"bundled set '{card.stand_in}'" in message
    assert CARDS[card.stand_in].bundled
    assert not download.is_available(card.name)
    assert {path.name for path in place.iterdir()} == {".lock", *by_hand}
    return message


# ------------------------------------------------------------------------------------------------------------ it works


def test_a_good_archive_is_unpacked(server, offer, place):
    """The plain case: every file with its content, under the name of the set, and nothing else left."""
    for file, pack in (("fake.zip", zipped), ("fake.tgz", tarred), ("fake.tar.gz", tarred)):
        offer((file, pack(FILES), {}))
        assert not download.is_available("cats_dogs"), file
        folder = download.get("cats_dogs", progress=False)
        assert folder == download.folder("cats_dogs")
        assert contents(folder) == FILES, file
        assert download.is_available("cats_dogs")
        assert {path.name for path in place.iterdir()} == {".lock", folder.name}
        assert server.asked.pop() == f"/{file}"
        shutil.rmtree(folder)


def test_several_archives_make_one_folder(offer):
    """The pets come in two archives and Fashion-MNIST in four files: all must end where the readers look for them."""
    inside = {f"top/{name}": content for name, content in FILES.items()}
    offer(
        ("one.zip", zipped(inside | {"readme.txt": b""}), {"inside": "top"}),
        ("two.tgz", tarred({"notes/a.txt": b"a"}), {}),
        ("labels.gz", gzip.compress(b"labels"), {"into": "raw/files"}),
    )
    expected = {**FILES, "notes/a.txt": b"a", "raw/files/labels": b"labels"}
    assert contents(download.get("cats_dogs", progress=False)) == expected


def test_the_second_call_does_not_touch_the_network(server, offer, place):
    """Offline, what was downloaded once must simply be there."""
    offer(zipped(FILES))
    folder = download.get("cats_dogs", progress=False)
    server.asked.clear()
    (place / ".lock").unlink()
    assert download.get("cats_dogs") == folder
    assert server.asked == []
    assert not (place / ".lock").exists()  # nor does it wait for another download


def test_a_bar_shows_the_progress(offer, capsys):
    """800 MB without a sign of life look like a hang."""
    offer(zipped(FILES))
    download.get("cats_dogs")
    out, err = capsys.readouterr()
    assert "fake.zip" in err
    assert out == ""


def test_without_a_bar_nothing_is_printed(offer, capsys):
    """Scripts and tests want silence."""
    offer(zipped(FILES))
    download.get("cats_dogs", progress=False)
    assert capsys.readouterr() == ("", "")


def test_an_archive_is_asked_for_as_it_is(server, offer):
    """A server that packs on the way would make a .gz arrive unpacked, and its hash wrong."""
    seen = {}

    def page(handler):
        seen.update(handler.headers)
        content = zipped(FILES)
        handler.head(len(content))
        handler.wfile.write(content)

    offer(zipped(FILES), page=page)
    download.get("cats_dogs", progress=False)
    assert seen["Accept-Encoding"] == "identity"


def test_one_at_a_time(server, offer, monkeypatch):
    """Two notebooks that want the same set at once must fetch it once, and the second must say why it waits."""
    said = []

    def say(text, file):
        said.append(text)
        server.go.set()  # only now the first one gets the rest

    monkeypatch.setattr(download.console, "show", say)
    content = zipped(FILES)
    offer(content, page=_half(content, then=lambda handler: server.go.wait(20) and handler.wfile.write(_rest(content))))
    first = threading.Thread(target=download.get, args=["cats_dogs"], kwargs={"progress": False})
    first.start()
    while not server.asked:
        time.sleep(0.01)
    folder = download.get("cats_dogs", progress=False)
    first.join()
    assert contents(folder) == FILES
    assert server.asked == ["/fake.zip"]
    assert len(said) == 1
    assert "waiting for its end" in said[0]


# ------------------------------------------------------------------------------------------- the network does not work


def test_offline_says_what_to_do(offer, place):
    """Without internet a student must read what was wanted, where a copy goes, and what can stand in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/pictures.zip"  # bound, but nobody listens
        card = offer(("pictures.zip", zipped(FILES), {"url": url}))
        assert refused(card) == (
            f"cats_dogs could not be fetched from {url}: no connection. Put pictures.zip into {place} by hand, or use "
            "the bundled set 'posters' instead."
        )


@pytest.mark.usefixtures("_impatient")
def test_a_server_that_falls_silent_is_given_up(server, offer):
    """Half the file and then nothing must not hang for ever."""
    content = zipped(FILES)
    card = offer(content, page=_half(content, then=lambda handler: server.go.wait(10)))
    assert "nothing more came for 0.4 seconds" in refused(card)  # and not what the server says at the end


@pytest.mark.usefixtures("_impatient")
def test_a_server_that_never_answers_is_given_up(server, offer):
    """A connection without an answer must not hang either."""
    card = offer(zipped(FILES), page=lambda handler: server.go.wait(10))
    assert "nothing more came for 0.4 seconds" in refused(card)


def test_a_connection_that_breaks_off_is_no_download(offer):
    """Half a file must never be taken for the whole."""
    content = zipped(FILES)
    card = offer(content, page=_half(content, then=lambda handler: None))
    assert "the connection broke off" in refused(card)


def test_a_connection_closed_without_a_word(offer):
    """A server that hangs up before it answers must be one line, too."""
    card = offer(zipped(FILES), page=lambda handler: None)
    assert "the connection broke off" in refused(card)


def test_a_server_that_refuses(offer):
    """The number tells a moved file (404) from a server in trouble (500)."""
    for status in (404, 500):
        assert f"the server answered {status}" in refused(offer(zipped(FILES), page=status))


def test_a_web_page_is_no_archive(offer):
    """A hotel's login page comes with status 200: it must be named."""
    page = b"\n<!DOCTYPE html>\n<html><body>Please log in</body></html>"
    assert "it is a web page" in refused(offer(zipped(FILES), page=page))


def test_only_the_right_bytes_are_unpacked(offer, monkeypatch):
    """Another archive, half of one, a flipped bit or nothing at all: refused with both hashes, before it is opened."""
    monkeypatch.setattr(download, "unpack", lambda *arguments: pytest.fail("unpacked before it was verified"))
    good = zipped(FILES)
    flipped = good[:200] + bytes([good[200] ^ 1]) + good[201:]
    for wrong in (zipped({"train/cat/1.jpg": b"x"}), good[:-30], flipped, b""):
        message = refused(offer(good, page=wrong))
        said = f"it is not the right file ({len(wrong):,} bytes, SHA-256 {_sha256(wrong)}, not {_sha256(good)})"
        assert said in message


def test_a_server_that_sends_without_end_is_stopped(offer):
    """Nobody's disk is to be filled by a server gone mad."""

    def page(handler):
        handler.head(None)
        while True:
            handler.wfile.write(bytes(1 << 20))

    assert "fake.zip: it sends more than the file has" in refused(offer(zipped(FILES), page=page))


def test_an_answer_that_makes_no_sense(offer):
    """A Content-Length that is no number must be one line as well."""

    def page(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "many")
        handler.end_headers()
        handler.wfile.write(b"x")

    refused(offer(zipped(FILES), page=page))


def test_rarer_faults_have_a_reason_too():
    """What a local server cannot act must still be said in a few words on one line."""
    for error, reason in (
        (requests.exceptions.SSLError("bad certificate"), "no secure connection"),
        (requests.exceptions.ConnectTimeout("x"), "no connection"),
        (requests.exceptions.TooManyRedirects("Exceeded\n30 redirects"), "TooManyRedirects: Exceeded 30 redirects"),
    ):
        assert fetch._network_reason(error).startswith(reason), error


def test_an_archive_without_its_folder_is_refused(offer):
    """Were the top folder gone, the readers would find nothing."""
    assert "there is no folder top in it" in refused(offer(("fake.zip", zipped(FILES), {"inside": "top"})))


def test_an_archive_writes_nothing_outside_its_folder(offer, tmp_path):
    """Even with the right hash: names that lead elsewhere, and links and devices through which others would."""
    outside = tmp_path / "outside"
    link = tar_of(
        _tar_info("out", type=tarfile.SYMTYPE, linkname=str(tmp_path)),
        _tar_info("out/outside", size=1),
        contents={"out/outside": b"x"},
    )
    hard_link = _tar_info("x", type=tarfile.LNKTYPE, linkname="/etc/passwd")
    pipe = _tar_info("y", type=tarfile.FIFOTYPE)
    for file, content in {
        "parent.zip": zipped({"../../../outside": b"x"}),
        "absolute.zip": zipped({str(outside): b"x"}),
        "parent.tgz": tarred({"../../../outside": b"x"}),
        "absolute.tgz": tarred({str(outside): b"x"}),
        "drive.tgz": tarred({"C:\\x": b"x"}),
        "link.tgz": link,
        "devices.tgz": tar_of(hard_link, pipe),
    }.items():
        offer((file, content, {}))
        with contextlib.suppress(DownloadError):
            folder = download.get("cats_dogs", progress=False)
            assert not any(path.is_symlink() or path.is_fifo() for path in folder.rglob("*")), file
            assert not (folder / "x").exists(), file
            shutil.rmtree(folder)
        assert not outside.exists(), file
        assert list(contents(tmp_path)) == ["home/imgcls/data/.lock"], file


def test_a_wrong_name_in_a_verified_archive_is_one_line(offer):
    """A mistake in the table of hashes must not be a traceback."""
    assert "it wants to write outside its folder, to '../x'" in refused(offer(("x.tgz", tarred({"../x": b"x"}), {})))
    for file in ("x.zip", "x.tgz"):
        assert "the archive cannot be read" in refused(offer((file, b"no archive", {})))


# ----------------------------------------------------------------------------------------- the disk, and being stopped


def test_too_little_room_is_said_before(server, offer, monkeypatch):
    """An hour of downloading that cannot end well must not start."""
    card = offer(zipped(FILES), unpacked=2_000_000_000)
    usage = shutil.disk_usage("/")._replace(free=300_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert "2.0 GB are needed, 0.3 GB are free" in refused(card)
    assert server.asked == []


def _child(card, *, limit: int = 0) -> subprocess.Popen:
    archive = card.archives[0]
    arguments = [archive.url, str(archive.size), archive.sha256, str(limit)]
    return subprocess.Popen([sys.executable, "-c", CHILD, *arguments], stdout=subprocess.PIPE, text=True)


def test_a_disk_that_fills_up_leaves_nothing(offer, place):
    """A write that fails while fetching or while unpacking must be one line, and give back what it took."""
    for pack in (zipped, deflated):
        card = offer(pack(FILES))
        assert (card.download_size > 1000) == (pack is zipped)
        out, _ = _child(card, limit=1000).communicate(timeout=30)
        assert out.startswith(
            f"DownloadError: cats_dogs, from {card.archives[0].url}, could not be put into {place}: no room"
        )
        assert "bundled set 'posters'" in out
        assert out.count("\n") == 1
        assert {path.name for path in place.iterdir()} == {".lock"}


def test_a_folder_that_may_not_be_written_is_one_line(offer, place, monkeypatch):
    """A home without write permission (or a file in its place) must be named."""
    card = offer(zipped(FILES))
    place.rmdir()
    place.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(DownloadError) as caught:
        download.get(card.name, progress=False)
    assert str(place) in str(caught.value)
    assert "IMGCLS_HOME" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture
def _interrupts():
    """Let SIGINT raise KeyboardInterrupt, whatever the runner of the tests has set."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interrupts")
def test_ctrl_c_leaves_nothing_and_the_next_call_works(server, offer, place):
    """Kernel ▸ Interrupt in the middle must be obeyed, clean up, and not spoil the next try."""
    content = zipped(FILES)

    def interrupt(handler):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        server.go.wait(10)

    card = offer(content, page=_half(content, then=interrupt))
    with pytest.raises(KeyboardInterrupt):
        download.get("cats_dogs", progress=False)
    assert {path.name for path in place.iterdir()} == {".lock"}
    offer(content)
    assert contents(download.get(card.name, progress=False)) == FILES


def test_kill_9_leaves_nothing_that_the_next_call_minds(server, offer, place):
    """A process that was killed cannot clean up: the next one must, and must not take half a set for a whole."""
    content = zipped(FILES | {"val/cat/4.jpg": random.Random(0).randbytes(300_000)})
    card = offer(content, page=_half(content, then=lambda handler: server.go.wait(20)))
    child = _child(card)
    end = time.monotonic() + 20
    while not any(path.stat().st_size for path in place.glob(".*.part/fake.zip")):
        assert time.monotonic() < end, child.communicate()
        time.sleep(0.02)
    child.kill()
    child.communicate()
    assert list(place.glob(".*.part")), "the killed run left something to clean up"
    assert not download.is_available("cats_dogs")
    offer(content, unpacked=1_000_000)
    folder = download.get("cats_dogs", progress=False)
    assert len(contents(folder)) == len(FILES) + 1
    assert {path.name for path in place.iterdir()} == {".lock", folder.name}


# ------------------------------------------------------------------------------------------ mirrors and copies by hand


def test_a_mirror_comes_first(server, offer, monkeypatch):
    """A class of thirty behind one slow line is helped by a copy in the house."""
    offer(zipped(FILES))
    server.pages["/house/fake.zip"] = zipped(FILES)
    monkeypatch.setenv("IMGCLS_MIRROR", f"{server.url}/house/")
    assert contents(download.get("cats_dogs", progress=False)) == FILES
    assert server.asked == ["/house/fake.zip"]


def test_a_broken_mirror_falls_back_to_the_source(server, offer, monkeypatch):
    """A mirror is a help, never a reason to fail; and it is believed no more than the source."""
    offer(zipped(FILES))
    forged = zipped(FILES | {"train/cat/1.jpg": b"forged"})
    for mirror, page in (("a", 404), ("a", b"wrong"), ("a", forged), ("nowhere", 404)):
        server.pages["/a/fake.zip"] = page
        base = mirror if mirror == "nowhere" else f"{server.url}/a {server.url}/b"
        monkeypatch.setenv("IMGCLS_MIRROR", base)
        folder = download.get("cats_dogs", progress=False)
        assert contents(folder) == FILES
        mirrors = [] if mirror == "nowhere" else ["/a/fake.zip", "/b/fake.zip"]
        assert server.asked == [*mirrors, "/fake.zip"], (mirror, page)
        server.asked.clear()
        shutil.rmtree(folder)


def test_the_fault_of_a_mirror_is_told_too(server, offer, monkeypatch):
    """Whoever set the mirror must learn that it did not work, and why."""
    monkeypatch.setenv("IMGCLS_MIRROR", f"{server.url}/a")
    message = refused(offer(zipped(FILES), page=500))
    assert f"the server answered 500 ({server.url}/a/fake.zip: the server answered 404)" in message


def test_a_copy_by_hand_is_used(server, offer, place):
    """Where the network forbids it, a file from a USB stick must do, with no server asked; it stays where it is."""
    offer(zipped(FILES))
    (place / "fake.zip").write_bytes(zipped(FILES))
    folder = download.get("cats_dogs", progress=False)
    assert contents(folder) == FILES
    assert server.asked == []
    assert (place / "fake.zip").read_bytes() == zipped(FILES)


def test_a_copy_by_hand_needs_no_room_for_the_archive(server, offer, place, monkeypatch):
    """What is there already must not be counted as to be fetched."""
    offer(("fake.zip", zipped(FILES), {"size": 10_000_000_000}))
    (place / "fake.zip").write_bytes(zipped(FILES))
    usage = shutil.disk_usage("/")._replace(free=200_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert contents(download.get("cats_dogs", progress=False)) == FILES


def test_a_wrong_copy_by_hand_is_named(server, offer, place):
    """A copy that is not the right file must be refused by its path, not quietly replaced or, worse, used."""
    card = offer(zipped(FILES))
    (place / "fake.zip").write_bytes(zipped(FILES | {"train/cat/1.jpg": b"forged"}))
    assert f"copy by hand {place / 'fake.zip'}: it" in refused(card, by_hand=["fake.zip"])
    assert server.asked == []


# ------------------------------------------------------------------------------------------------- names and the table


def test_an_unknown_name_is_answered_with_the_right_one():
    """A typing error must be named before anything is fetched."""
    for function in (download.get, download.folder, download.is_available):
        with pytest.raises(DataError, match="Did you mean 'hymenoptera'") as caught:
            function("hymenopterra")
        assert "imagenette" in str(caught.value)


def test_a_bundled_set_is_not_downloaded():
    """`imgcls data get digits` must say that it is there already."""
    with pytest.raises(DataError, match="digits comes with the course"):
        download.get("digits")
    assert download.is_available("digits")


def test_the_two_views_of_the_pets_share_one_copy():
    """800 MB twice would be 800 MB too many."""
    assert download.folder("cats_dogs") == download.folder("pet_breeds")
    folders = [download.folder(name) for name in BY_DOWNLOAD]
    assert len(set(folders)) == len(BY_DOWNLOAD) - 1


def test_the_overview_lists_everything_without_making_a_folder(course_home):
    """A list is asked for to decide: it must know all sets and change nothing."""
    rows = {row["name"]: row for row in download.overview()}
    assert list(rows) == list(CARDS)
    assert rows["digits"]["state"] == "bundled"
    assert rows["digits"]["download_mb"] == 0
    assert rows["hymenoptera"] == {
        "name": "hymenoptera",
        "title": "Ants and bees",
        "classes": 2,
        "images": 397,
        "download_mb": 47.3,
        "state": "by download",
    }
    assert not course_home.exists()
    download.folder("pet_breeds").mkdir(parents=True)
    states = {row["name"]: row["state"] for row in download.overview()}
    assert (states["cats_dogs"], states["pet_breeds"], states["cifar10"]) == ("here", "here", "by download")


def test_listing_and_downloading_need_no_torch():
    """With torch a list of names would take seconds."""
    code = "import sys; from imgcls_course.data import download; download.overview(); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_a_card_says_all_that_a_download_needs():
    """Without a hash, a size, a licence or a stand-in, one of the promises could not be kept."""
    for name in BY_DOWNLOAD:
        card = CARDS[name]
        assert card.licence, name
        assert card.source, name
        assert CARDS[card.stand_in].bundled, name
        assert card.unpacked >= 0.9 * card.download_size, name
        for archive in card.archives:
            assert archive.size > 1000, archive
            assert len(bytes.fromhex(archive.sha256)) == 32, archive
            assert archive.file.endswith((".zip", ".tgz", ".gz")), archive
        assert f"{card.count:,} images" in str(card)


def test_cards_of_pictures_of_many_sizes_say_so():
    """A card without a shape must still be printable."""
    assert str(CARDS["hymenoptera"]).startswith("Ants and bees: 397 images of many sizes, 2 classes. ")


def test_urls_and_classes_are_torchvisions():
    """Our table stands beside torchvision's so that it can be read without torch; the two must not drift apart."""
    from torchvision.datasets import CIFAR10, FashionMNIST, Imagenette, OxfordIIITPet

    urls = {name: [archive.url for archive in CARDS[name].archives] for name in BY_DOWNLOAD}
    assert urls["cats_dogs"] == urls["pet_breeds"] == [url for url, _md5 in OxfordIIITPet._RESOURCES]
    assert urls["cifar10"] == [CIFAR10.url]
    assert urls["imagenette"] == [Imagenette._ARCHIVES["160px"][0]]
    assert urls["fashion_mnist"] == [FashionMNIST.mirrors[0] + file for file, _md5 in FashionMNIST.resources]
    assert CARDS["fashion_mnist"].classes == tuple(FashionMNIST.classes)
    assert {wnid: names[0] for wnid, names in Imagenette._WNID_TO_CLASS.items()} == readers.WORDNET
    assert CARDS["imagenette"].classes == tuple(readers.WORDNET.values())


# --------------------------------------------------------------------------------------------- readers, on true formats


def jpeg(*, grey: int = 128) -> bytes:
    """Make a tiny picture file."""
    blob = io.BytesIO()
    Image.new("RGB", (12, 9), (grey, grey, grey)).save(blob, "JPEG")
    return blob.getvalue()


def test_the_real_ants_and_bees(server, offer, shared_data, tmp_path):
    """The real photos, zipped as PyTorch does, must be the 244 + 153 of the tutorial."""
    blob = tmp_path / "hymenoptera_data.zip"
    with zipfile.ZipFile(blob, "w") as archive:
        for path in sorted((shared_data / "hymenoptera").rglob("*")):
            archive.write(path, Path("hymenoptera_data", path.relative_to(shared_data / "hymenoptera")))
    inside = {"inside": CARDS["hymenoptera"].archives[0].inside}
    card = offer((blob.name, blob, inside), name="hymenoptera", unpacked=CARDS["hymenoptera"].unpacked)
    splits = readers.hymenoptera()
    assert server.asked == ["/hymenoptera_data.zip"]
    assert [len(splits[name]) for name in ("train", "val", "test")] == [244, 153, 0]
    assert splits.classes == ("ants", "bees")
    assert splits.card is card
    assert splits.train.labels.bincount().tolist() == [123, 121]
    image, label = splits.val[0]
    assert image.shape[0] == 3
    assert splits.classes[label] == splits.val.paths[0].parent.name
    shutil.rmtree(download.folder("hymenoptera"))  # 100 MB that pytest would keep
    blob.unlink()


def _imagenette_files(*, leave_out: str = "") -> dict[str, bytes]:
    """Three pictures to learn from and two to choose on for each class, as grey as its label."""
    files = {"imagenette2-160/noisy_imagenette.csv": b"path,label\n"}
    for label, wnid in enumerate(readers.WORDNET):
        for split, count in (("train", 3), ("val", 2)):
            for number in range(count if wnid != leave_out else 0):
                files[f"imagenette2-160/{split}/{wnid}/{wnid}_{number}.JPEG"] = jpeg(grey=20 * label)
    return files


def test_imagenette_has_names_for_its_folders(offer):
    """`n02102040` says nothing to a student, and a name on the wrong folder says something false."""
    offer(("imagenette2-160.tgz", tarred(_imagenette_files()), {"inside": "imagenette2-160"}), name="imagenette")
    splits = readers.imagenette()
    assert splits.classes == CARDS["imagenette"].classes
    assert [len(splits[name]) for name in ("train", "val", "test")] == [30, 20, 0]
    for part in (splits.train, splits.val):
        for path, label in zip(part.paths, part.labels.tolist(), strict=True):
            assert readers.WORDNET[path.parent.name] == splits.classes[label]
        assert all(abs(float(image.float().mean()) - 20 * label) < 3 for image, label in part)


def test_a_folder_with_a_class_missing_is_damaged(offer):
    """With one class gone, every later label would mean its neighbour."""
    files = _imagenette_files(leave_out="n02979186")
    offer(("imagenette2-160.tgz", tarred(files), {"inside": "imagenette2-160"}), name="imagenette")
    with pytest.raises(DataError, match=r"imagenette in .* is damaged"):
        readers.imagenette()


CATS = "Abyssinian, Bengal, Birman, Bombay, British Shorthair, Egyptian Mau, Maine Coon, Persian, Ragdoll, Russian Blue"
CATS = {*CATS.split(", "), "Siamese", "Sphynx"}


@pytest.fixture
def pets(offer):
    """Oxford's two archives with ten pictures of each breed to learn from and two to report on; cats are dark."""
    images, lists = {}, {"trainval": [], "test": []}
    for breed, name in enumerate(CARDS["pet_breeds"].classes, start=1):
        species = 1 if name in CATS else 2
        stem = name.replace(" ", "_") if species == 1 else name.replace(" ", "_").lower()
        for number in range(12):
            lists["trainval" if number < 10 else "test"].append(f"{stem}_{number} {breed} {species} {breed}")
            images[f"images/{stem}_{number}.jpg"] = jpeg(grey=40 if species == 1 else 200)
    images["images/Abyssinian_100.mat"] = b"left over"
    notes = {f"annotations/{name}.txt": "\n".join(rows).encode() + b"\n" for name, rows in lists.items()}
    notes |= {
        "annotations/list.txt": b"#Image CLASS-ID\n",
        "annotations/._trimaps": b"",
        "annotations/trimaps/x.png": b"",
    }
    archives = (("images.tar.gz", tarred(images), {}), ("annotations.tar.gz", tarred(notes), {}))
    for name in ("cats_dogs", "pet_breeds"):
        offer(*archives, name=name, unpacked=10_000_000)
    return images


def _stems(part) -> set[str]:
    return {path.stem for path in part.paths}


def test_pets_by_species_and_by_breed_from_one_download(server, pets):
    """Both views must read Oxford's own lists: the test as given, and each label that of the picture."""
    species, breeds = readers.cats_dogs(), readers.pet_breeds()
    assert server.asked == ["/images.tar.gz", "/annotations.tar.gz"]
    for splits in (species, breeds):
        assert [len(splits[name]) for name in ("train", "val", "test")] == [37 * 8, 37 * 2, 37 * 2]
        assert _stems(splits.test) == {Path(name).stem for name in pets if name.endswith(("_10.jpg", "_11.jpg"))}
        assert not _stems(splits.train) & _stems(splits.val)
    assert species.classes == ("cat", "dog")
    for name in ("train", "val", "test"):
        for path, label in zip(breeds[name].paths, breeds[name].labels.tolist(), strict=True):
            assert path.stem.rsplit("_", 1)[0].replace("_", " ").title() == breeds.classes[label]
        assert all((float(image.float().mean()) < 100) == (label == 0) for image, label in species[name])


def test_the_val_of_the_pets_is_a_stratified_fifth(pets):
    """A val without one of the breeds would measure something else; the seed decides which pictures are in it."""
    one, same, other = (readers.pet_breeds(seed=seed) for seed in (0, 0, 1))
    assert one.val.labels.bincount().tolist() == [2] * 37
    assert one.val.paths == same.val.paths
    assert one.val.paths != other.val.paths
    assert one.test.paths == other.test.paths


def test_pets_without_their_lists_are_damaged(pets):
    """A folder that was spoilt later must be named, with what to do."""
    (download.get("pet_breeds", progress=False) / "annotations" / "test.txt").unlink()
    with pytest.raises(DataError, match=r"pet_breeds in .* is damaged. Remove that folder"):
        readers.pet_breeds()


@pytest.fixture
def cifar(offer, monkeypatch):
    """CIFAR-10's own pickles with ten pictures a class to learn from and two to report on; returns rows and labels."""
    from torchvision.datasets import CIFAR10

    rng = np.random.default_rng(0)
    rows = rng.integers(256, size=(120, 3072), dtype=np.uint8)
    labels = [*rng.permutation(np.repeat(range(10), 10)).tolist(), *([*range(10)] * 2)]
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    files = {
        name: pickle.dumps({"data": rows[20 * i : 20 * i + 20], "labels": labels[20 * i : 20 * i + 20]})
        for i, name in enumerate(names)
    }
    files["batches.meta"] = pickle.dumps({"label_names": list(CARDS["cifar10"].classes)})
    sums = [[name, hashlib.md5(content).hexdigest()] for name, content in files.items()]
    monkeypatch.setattr(CIFAR10, "train_list", sums[:5])
    monkeypatch.setattr(CIFAR10, "test_list", sums[5:6])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": sums[6][1]})
    packed = tarred({f"cifar-10-batches-py/{name}": content for name, content in files.items()})
    offer(("cifar-10-python.tar.gz", packed, {}), name="cifar10", unpacked=1_000_000)
    return rows, labels


def _same(part, images, labels) -> None:
    """Every picture in its order, with its own label."""
    assert part.images.dtype == torch.uint8
    assert torch.equal(part.images, torch.as_tensor(images))
    assert part.labels.tolist() == list(labels)


def _both(splits) -> set[tuple[bytes, int]]:
    """Train and val together, by content."""
    parts = (splits.train, splits.val)
    return {
        (image.numpy().tobytes(), int(label)) for p in parts for image, label in zip(p.images, p.labels, strict=True)
    }


def test_cifar10_is_read_as_it_is_written(cifar):
    """Rows are red, green, blue planes of 32×32: colours swapped or pictures turned would still look like data."""
    rows, labels = cifar
    images = rows.reshape(-1, 3, 32, 32)
    splits = readers.cifar10()
    assert splits.classes == CARDS["cifar10"].classes
    _same(splits.test, images[100:], labels[100:])
    assert _both(splits) == {(image.tobytes(), label) for image, label in zip(images[:100], labels[:100], strict=True)}
    assert len(splits.train) == 80
    assert splits.val.labels.bincount().tolist() == [2] * 10
    assert not torch.equal(splits.val.images, readers.cifar10(seed=1).val.images)


def test_a_damaged_cifar10_is_named(cifar):
    """What torchvision says, "Dataset not found or corrupted", speaks of an argument that is not ours."""
    (download.get("cifar10", progress=False) / "cifar-10-batches-py" / "data_batch_3").write_bytes(b"")
    with pytest.raises(DataError, match=r"cifar10 in .* is damaged"):
        readers.cifar10()


def _idx(values: np.ndarray) -> bytes:
    """Write an array of bytes in MNIST's format: zero, zero, type, number of axes, their lengths, the bytes."""
    return gzip.compress(struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes())


@pytest.fixture
def fashion(offer):
    """Fashion-MNIST's four files with ten pictures a class to learn from and two to report on."""
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(120, 28, 28), dtype=np.uint8)
    labels = np.concatenate([rng.permutation(np.repeat(range(10), 10)), np.tile(range(10), 2)]).astype(np.uint8)
    arrays = (images[:100], labels[:100], images[100:], labels[100:])
    files = [archive.file for archive in CARDS["fashion_mnist"].archives]
    packed = [(file, _idx(array), {"into": "FashionMNIST/raw"}) for file, array in zip(files, arrays, strict=True)]
    offer(*packed, name="fashion_mnist", unpacked=1_000_000)
    return images, labels


def test_fashion_mnist_is_read_as_it_is_written(fashion):
    """Four files, one array of pictures with its labels: train and test must not be mixed up."""
    images, labels = fashion
    images = images[:, np.newaxis]
    splits = readers.fashion_mnist()
    assert splits.classes == CARDS["fashion_mnist"].classes
    _same(splits.test, images[100:], labels[100:])
    expected = {(image.tobytes(), int(label)) for image, label in zip(images[:100], labels[:100], strict=True)}
    assert _both(splits) == expected
    assert splits.val.labels.bincount().tolist() == [2] * 10


def test_a_damaged_fashion_mnist_is_named(fashion):
    """A file cut off later must be one line, not the frames of torchvision."""
    path = download.get("fashion_mnist", progress=False) / "FashionMNIST/raw/train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataError, match=r"fashion_mnist in .* is damaged"):
        readers.fashion_mnist()
