"""A JupyterLab of its own and a real browser in front of it: for the browser tests and the screenshots."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from imgcls_course import paths

BROWSER_VARIABLE = "IMGCLS_CHROMIUM"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-quic",
    "--no-first-run",
]
WINDOW = {"width": 1400, "height": 900}

# Longest waits, for a machine that is busy with other tests.
START_S, STOP_S = 90, 15
SHOW_MS = 30_000  # until the page shows what was asked for
POLL_MS = 100  # between two looks whether all cells have run; by default the browser looks at every frame
CLICKS, CLICK_MS = 3, 20_000  # how often a menu is tried, and how long its effect is waited for
RUN_MS = 400_000  # until all cells of a lesson have run: lesson 12 trains for a minute and a half on one thread

SETTINGS = {
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},  # cells out of sight are in the page too
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
}
CLOSED = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}

# JavaScript: no cell has run, waits or runs; some cell does, or has.
STARTED = "() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].some(e => /[\\d*]/.test(e.textContent))"
CLEARED = f"() => !({STARTED})()"
# JavaScript: no cell waits or runs, and at least one has run since all were cleared.
FINISHED = """() => {
    const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(e => e.textContent);
    const status = document.querySelector('.jp-Notebook-ExecutionIndicator').dataset.status;
    return status === 'idle' && prompts.some(p => /\\d/.test(p)) && !prompts.some(p => p.includes('*'));
}"""
SETTLED = "() => [...document.images].every(image => image.complete)"
# JavaScript: the code of each cell; a collapsed one shows none, and must not move those below it up by one.
SOURCES = "cells => cells.map(cell => cell.querySelector('.jp-InputArea')?.innerText ?? '')"
DRAWN = "image => image.complete && image.naturalWidth > 0"


def chromium() -> str | None:
    """Return the path of a Chromium: the environment variable IMGCLS_CHROMIUM, or one on the PATH; None without."""
    chosen = os.environ.get(BROWSER_VARIABLE)
    return chosen or next((path for name in BROWSERS if (path := shutil.which(name))), None)


@contextlib.contextmanager
def browser(executable: str) -> Iterator[BrowserContext]:
    """Run a browser without a window; its pages share one cache, so that JupyterLab is fetched once."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=BROWSER_ARGUMENTS)
        context = running.new_context(viewport=WINDOW)
        context.set_default_timeout(SHOW_MS)
        yield context
        running.close()


@dataclass(frozen=True)
class Server:
    """A running JupyterLab: its address, the token it asks for, and the folder it serves."""

    url: str
    token: str
    folder: Path

    def address(self, name: str) -> str:
        """Return the address of a notebook in a workspace of its own: nothing else is open there."""
        return f"{self.url}/lab/workspaces/{uuid.uuid4().hex}/tree/{name}?token={self.token}"

    def end_kernels(self) -> None:
        """End all kernels, so that a lesson opened next finds none."""
        for session in json.load(self._ask("GET", "sessions")):
            self._ask("DELETE", f"sessions/{session['id']}")

    def _ask(self, method: str, what: str):
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.url}/api/{what}", method=method, headers=headers)
        return urllib.request.urlopen(request, timeout=SHOW_MS / 1000)


@contextlib.contextmanager
def lab(folder: Path) -> Iterator[Server]:
    """Run a JupyterLab that serves `folder`, with settings, kernels' home and token of its own.

    Raises
    ------
    RuntimeError
        If it does not answer; the message ends with what it wrote last.
    """
    with tempfile.TemporaryDirectory(prefix="imgcls-lab-") as home:
        environment, log = _own_environment(Path(home)), Path(home) / "lab.log"
        server = Server(f"http://127.0.0.1:{_free_port()}", environment["JUPYTER_TOKEN"], folder)
        with log.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                _command(server), env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            _wait_until_up(server, process=process, log=log)
            yield server
        finally:
            _stop(process)


def _own_environment(home: Path) -> dict[str, str]:
    """Write the settings into `home` and return the environment that leads Jupyter and the course there."""
    for name, values in SETTINGS.items():
        paths.write_text(home / "settings" / f"{name}.jupyterlab-settings", json.dumps(values))
    paths.write_text(home / "config" / "labconfig" / "page_config.json", json.dumps(CLOSED))
    own = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
        paths.HOME_VARIABLE: "course",
    }
    folders = {variable: str(home / name) for variable, name in own.items()}
    # Threads that wait for one another lose many times their number when the browser takes a core in between.
    return {**os.environ, **folders, "OMP_NUM_THREADS": "1", "JUPYTER_TOKEN": uuid.uuid4().hex}


def _command(server: Server) -> list[str]:
    port = server.url.rpartition(":")[2]
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--port", port]
    command += [f"--ServerApp.root_dir={server.folder}", "--ServerApp.port_retries=0"]
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [*command, "--allow-root"] if as_root else command


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_up(server: Server, *, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError):
            server._ask("GET", "status")
            return
        time.sleep(0.1)
    wrote = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise RuntimeError(f"JupyterLab did not answer at {server.url}. It wrote: {wrote}")


def _stop(process: subprocess.Popen) -> None:
    """Stop JupyterLab, which ends its kernels; kill it and all it started if that takes too long."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@dataclass(frozen=True)
class OpenExplorer:
    """An explorer on the page."""

    box: Locator

    @property
    def caption(self) -> Locator:
        """The line under the picture."""
        return self.box.locator(".widget-html-content").last

    @property
    def picture(self) -> Locator:
        """The picture."""
        return self.box.locator("img.widget-image")

    def slider(self, label: str | None = None) -> Locator:
        """Return the slider with this label, or the first."""
        sliders = self.box.locator(".widget-inline-hbox", has=self.box.page.locator(".noUi-handle"))
        return (sliders.filter(has_text=label) if label else sliders).first

    def press(self, *, times: int = 1, label: str | None = None) -> None:
        """Move a slider by the arrow keys: to the right, or to the left if it is at its end."""
        handle = self.slider(label).get_by_role("slider")
        now, end = (float(handle.get_attribute(f"aria-value{name}")) for name in ("now", "max"))
        for _time in range(times):
            handle.press("ArrowLeft" if now >= end else "ArrowRight")

    def click(self, *, label: str | None = None) -> None:
        """Move a slider by the mouse: click on its track, a quarter from the end that is further away."""
        track = self.slider(label).locator(".noUi-base")
        track.scroll_into_view_if_needed()
        box, handle = track.bounding_box(), self.slider(label).get_by_role("slider").bounding_box()
        on_the_left = handle["x"] + handle["width"] / 2 < box["x"] + box["width"] / 2
        part = 0.75 if on_the_left else 0.25
        self.box.page.mouse.click(box["x"] + part * box["width"], box["y"] + box["height"] / 2)

    def drag(self, *, steps: int, label: str | None = None) -> None:
        """Drag a slider by the mouse from its start to its end, in so many moves, as fast as the browser takes them."""
        track, mouse = self.slider(label).locator(".noUi-base"), self.box.page.mouse
        track.scroll_into_view_if_needed()
        box, handle = track.bounding_box(), self.slider(label).get_by_role("slider").bounding_box()
        mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
        mouse.down()
        mouse.move(box["x"] + box["width"] + handle["width"], box["y"] + box["height"] / 2, steps=steps)
        mouse.up()

    def choice(self, label: str) -> Locator:
        """Return the list with this label."""
        return self.box.locator(".widget-dropdown").filter(has_text=label).locator("select")

    def upload(self, path: Path) -> None:
        """Choose a file, as in the file chooser that the upload button opens."""
        button = self.box.locator(".widget-upload")
        with self.box.page.expect_file_chooser() as chooser:
            button.click()
        chooser.value.set_files(path)

    def slides(self) -> bool:
        """Say whether there is a slider."""
        return self.box.locator(".noUi-handle").count() > 0

    def next_choice(self, label: str | None = None) -> None:
        """Go to the next choice of a list by the keyboard, or to the one before if it is at its end.

        The space bar opens it: of a closed list JupyterLab takes the arrows for itself, and goes to another cell.
        """
        choices = self.choice(label) if label else self.box.locator(".widget-dropdown select").first
        at_the_end = choices.evaluate("list => list.selectedIndex === list.options.length - 1")
        choices.focus()
        for key in ("Space", "ArrowUp" if at_the_end else "ArrowDown", "Enter"):
            self.box.page.keyboard.press(key)

    def shown(self) -> tuple[str, str]:
        """Return the caption and the address of the picture, which is a new one for each picture."""
        return self.caption.inner_text(), self.picture.get_attribute("src")

    def expect_other_than(self, shown: tuple[str, str]) -> None:
        """Wait until caption and picture are others than they were; an AssertionError if they stay."""
        expect(self.caption).not_to_have_text(shown[0], timeout=SHOW_MS)
        expect(self.picture).not_to_have_attribute("src", shown[1], timeout=SHOW_MS)
        self.box.page.wait_for_function(DRAWN, arg=self.picture.element_handle())


@dataclass(frozen=True)
class OpenLesson:
    """A lesson on a page of the browser; `complaints` is what the browser's console calls an error."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def run_all(self) -> None:
        """Clear all outputs, so that none is an old one, run all cells, and wait for the last."""
        self._choose("Edit", "Clear Outputs of All Cells", until=CLEARED)
        self._choose("Run", "Run All Cells", until=STARTED)
        self._wait_until_finished()

    def save(self) -> None:
        """Save the notebook, and wait until its tab shows no unsaved change."""
        self.page.keyboard.press("Control+S")
        expect(self.page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0, timeout=SHOW_MS)

    def cell(self, *texts: str) -> Locator:
        """Return the one code cell whose source contains all `texts`, by its place: it stays the same when retyped."""
        cells = self.page.locator(".jp-CodeCell")
        sources = cells.evaluate_all(SOURCES)
        [index] = [i for i, source in enumerate(sources) if all(text in source for text in texts)]
        return cells.nth(index)

    def retype(self, cell: Locator, code: str) -> str:
        """Replace the code of a cell, run it with Shift+Enter, and return what it prints."""
        prompt = cell.locator(".jp-InputPrompt")
        before = prompt.inner_text()
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Shift+Enter")
        expect(prompt).not_to_have_text(before, timeout=SHOW_MS)
        self._wait_until_finished()
        return cell.locator(".jp-OutputArea").inner_text()

    def prompts(self) -> list[str]:
        """Return what stands left of each code cell, such as "[3]:"; nothing does where the code is collapsed."""
        return self.page.locator(".jp-CodeCell .jp-InputPrompt").all_text_contents()

    def errors(self) -> list[str]:
        """Return the tracebacks that cells have put out."""
        return self.page.locator('[data-mime-type="application/vnd.jupyter.error"]').all_inner_texts()

    def outputs(self) -> str:
        """Return the text of all outputs."""
        return "\n".join(self.page.locator(".jp-OutputArea-output").all_inner_texts())

    def pictures(self) -> list[Locator]:
        """Return the pictures in outputs that are really shown."""
        images = self.page.locator(".jp-OutputArea-output img").all()
        return [image for image in images if image.evaluate(DRAWN)]

    def explorers(self) -> list[OpenExplorer]:
        """Return the explorers that are alive, in order."""
        return [OpenExplorer(box) for box in self.page.locator(".widget-vbox:has(> img.widget-image)").all()]

    def _choose(self, menu: str, item: str, *, until: str) -> None:
        """Choose from a menu, as a user does: again if nothing came of it.

        A menu closes when an extension adds an item to it, which some do late; a click at that moment does nothing.
        """
        for attempt in range(CLICKS):
            self.page.get_by_role("menuitem", name=menu, exact=True).click()
            self.page.get_by_role("menuitem", name=item, exact=True).click()
            try:
                self.page.wait_for_function(until, timeout=CLICK_MS, polling=POLL_MS)
                return
            except PlaywrightTimeoutError:
                if attempt == CLICKS - 1:
                    raise AssertionError(f"“{menu} > {item}” did nothing. {self._state()}") from None
                self.page.keyboard.press("Escape")  # a menu that is still open

    def _wait_until_finished(self) -> None:
        try:
            self.page.wait_for_function(FINISHED, timeout=RUN_MS, polling=POLL_MS)
        except PlaywrightTimeoutError:
            raise AssertionError(f"The cells have not all run after {RUN_MS // 1000} s. {self._state()}") from None

    def _state(self) -> str:
        """Say what the page shows, for the message of a wait that was in vain."""
        kernel = self.page.locator(".jp-Notebook-ExecutionIndicator").get_attribute("data-status")
        dialogs = self.page.locator(".jp-Dialog").all_inner_texts()
        return (
            f"Prompts: {self.prompts()}; kernel: {kernel}; dialogs: {dialogs}; "
            f"tracebacks: {self.errors()}; console: {self.complaints}"
        )


def open_lesson(context: BrowserContext, server: Server, *, name: str) -> OpenLesson:
    """Open a notebook of the server's folder on a new page; wait for all its cells, pictures and the kernel."""
    page = context.new_page()
    lesson = OpenLesson(page)
    page.on("console", lambda line: lesson.complaints.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: lesson.complaints.append(str(error)))
    page.goto(server.address(name))
    cells = json.loads((server.folder / name).read_text(encoding="utf-8"))["cells"]
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(len(cells), timeout=SHOW_MS)
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for(timeout=SHOW_MS)
    page.wait_for_function(SETTLED)
    return lesson
