"""What a busy program costs a training: with threads that sleep while they wait, beside torch's own, which spin."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

from benchmarks import peers
from benchmarks.options import Options
from benchmarks.timing import Result, compare

COURSE = "import imgcls_course; from benchmarks import busy; busy.serve()"
PLAIN = "import torch; from benchmarks import busy; busy.serve()"  # torch is there first: the course changes nothing
BUSY = "while True: pass"


def rows(options: Options) -> Iterator[Result]:
    """Train a small network while nothing else runs, and beside one busy program."""
    with trainer(COURSE, options) as course, trainer(PLAIN, options) as plain:
        for name, programs in (("fit, nothing else runs", 0), ("fit beside a busy program", 1)):
            with contextlib.ExitStack() as stack:
                for _program in range(programs):
                    stack.enter_context(running([sys.executable, "-c", BUSY]))
                work = f"{options.epochs} epochs of a small network on 200 textures"
                ways = {"course": course}, {"spinning threads": plain}
                yield from compare(name, *ways, turns=3 * options.turns, work=work)


@contextlib.contextmanager
def trainer(code: str, options: Options) -> Iterator[Callable[[int], None]]:
    """Start a process that trains whenever it is asked to, and return how to ask."""
    command = [sys.executable, "-c", code, str(options.epochs)]
    env = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    with running(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def train(turn: int) -> None:
            print(turn, file=process.stdin, flush=True)
            if process.stdout.readline() != "done\n":
                raise RuntimeError(f"no answer from {command}")

        yield train


@contextlib.contextmanager
def running(command: list[str], **options) -> Iterator[subprocess.Popen]:
    """Keep a process inside, and end it."""
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def serve() -> None:
    """Train once for every line that comes."""
    import torch

    from imgcls_course import data, models, training

    splits = data.load("textures").select(["brick", "grass"])
    loaders = data.make_loaders(splits, batch_size=32)
    torch.manual_seed(0)
    for _line in sys.stdin:
        model = models.convnet(num_classes=2, in_channels=1)
        training.fit(model, loaders, epochs=int(sys.argv[1]), lr=peers.LR, device="cpu", progress=False)
        print("done", flush=True)
