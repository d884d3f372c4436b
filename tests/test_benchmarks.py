"""The benchmarks run and report what they measured; how fast anything is, no test says."""

import json
import math
import sys
import time

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks import audit_recall, growth, image_hashes, loading, report, rows, timing
from benchmarks.options import QUICK, Options
from benchmarks.timing import Result
from tools import pairs

PNG = b"\x89PNG"
RESULT = Result("row", "work", "course", "peer", (2.0, 1.0, 4.0), (4.0, 10.0, 4.0), at_least=2)


def run(*words) -> str:
    """Run `python -m benchmarks` and return what it printed."""
    app = typer.Typer()
    app.command()(command.main)
    result = CliRunner().invoke(app, [*map(str, words)])
    assert result.exit_code == 0, result.output
    return result.output


def test_ratio_is_the_median_of_the_turns():
    """A ratio of medians would mix turns that a busy moment hit with turns that it did not."""
    assert RESULT.ratios == [2.0, 10.0, 1.0]
    assert RESULT.ratio == 2.0
    assert RESULT.spread == (1.0, 10.0)
    assert RESULT.reached


def test_turns_alternate_and_are_timed_apart():
    """All ways must meet a busy moment alike, and the time of one must not count for another."""
    order = []

    def way(name, pause):
        return lambda turn: (order.append((name, turn)), time.sleep(pause))

    course, peers = {"a": way("a", 0.0)}, {"b": way("b", 0.02), "c": way("c", 0.04)}
    results = timing.compare("row", course, peers, turns=2, work="", aims={"c": 5}, warm=False)
    assert order == [("a", 0), ("b", 0), ("c", 0), ("a", 1), ("b", 1), ("c", 1)]
    assert [(result.peer, result.at_least) for result in results] == [("b", None), ("c", 5)]
    assert all(len(result.seconds) == 2 for result in results)
    assert min(results[0].peer_seconds) >= 0.02
    assert min(results[1].peer_seconds) >= 0.04


def test_warming_up_does_not_count():
    """What is prepared once must not be the first figure."""
    turns = []
    [result] = timing.compare("row", {"a": turns.append}, {"b": len(turns).__add__}, turns=3, work="")
    assert turns == [0, 0, 1, 2]
    assert len(result.seconds) == 3


def test_growth_of_n_log_n_is_a_ratio_of_one():
    """Growth as n·log n is the limit: time that grows so gives exactly 1, and quadratic time misses it."""

    def took(count, seconds):
        return Result("audit", "", "course", "peer", (seconds,), (1.0,))

    few, many = 1_000, 30_000
    exact = {n: took(n, n * math.log(n)) for n in (few, many)}
    quadratic = {n: took(n, n**2) for n in (few, many)}
    assert growth.growth(exact).ratio == pytest.approx(1)
    assert growth.growth(quadratic).reached is False


def test_a_row_runs_and_is_written_whole(tmp_path):
    """A row that breaks would be found after a quarter of an hour; a figure without its spread cannot be believed."""
    for row in ("epoch", "frozen", "busy", "loading", "audit"):
        printed = run(row, "--quick", "--images", 4, "--audited", "30,60", "--out", tmp_path / row)
        content = json.loads((tmp_path / row / "latest.json").read_text(encoding="utf-8"))
        assert content["processor"] in printed, row
        assert content["threads"] >= 1, row
        assert {"date", "command", "versions", "precision", "lacks"} <= {*content}, row
        assert content["rows"], row
        for each in content["rows"]:
            low, high = each["spread"]
            assert 0 < low <= each["ratio"] <= high, each
            assert each["course_s"] > 0, each
            assert each["peer_s"] > 0, each
            assert each["name"] in (tmp_path / row / "latest.md").read_text(encoding="utf-8")
        assert (tmp_path / row / "latest.png").read_bytes().startswith(PNG), row


def test_similar_hashes_are_all_found(monkeypatch):
    """The pairs must be those that counting bits one pair at a time finds, across blocks of rows as well."""
    monkeypatch.setattr(image_hashes, "ROWS_AT_ONCE", 7)
    hashes = np.random.default_rng(0).random((40, 64)) < 0.5
    hashes[30:] = hashes[:10]
    hashes[35:, :5] ^= True
    pairs, distances = image_hashes.similar_pairs(hashes, limit=28)
    expected = {(i, j): int((hashes[i] != hashes[j]).sum()) for i in range(40) for j in range(i + 1, 40)}
    found = {(int(i), int(j)): int(d) for (i, j), d in zip(pairs, distances, strict=True)}
    assert found == {pair: bits for pair, bits in expected.items() if bits <= 28}
    assert len(found) < len(expected)


def test_image_hashes_are_left_out_where_they_are_not_installed(tmp_path, monkeypatch, capsys):
    """The benchmark of the audit must run without its peer, and say that it is missing."""
    monkeypatch.setitem(sys.modules, "imagehash", None)
    audit_recall.run_image_hashes(tmp_path, {})
    assert capsys.readouterr().out == "  imagehash is not installed: left out\n"


def test_copies_and_false_alarms_are_counted(tmp_path):
    """A planted pair counts as found, and images that nobody copied as false alarms."""
    files = [tmp_path / f"{n}.jpg" for n in range(5)]
    planted = {"near": [(files[0], files[1]), (files[2], files[3])]}
    said = audit_recall.found_within(np.array([[0, 1], [0, 4]]), files, planted)
    assert said == "near 1 of 2; false alarms: 1 images (20.00%)"


def test_rows_are_measured_in_processes_of_their_own(monkeypatch):
    """What a row leaves behind in its process must not change the next one, and its figures must come back."""
    monkeypatch.setattr(loading, "BATCH", "none")  # in this process the row would fail
    results = rows.in_own_process("loading", Options(**{**QUICK, "images": 4}))
    assert [each.name for each in results] == ["loading, first epoch", "loading, later epochs"]
    assert all(each.ratio > 0 for each in results)


def test_figures_of_a_row_without_a_peer_are_written(tmp_path):
    """The lessons have no peer: their seconds must arrive, and no ratio may be made up."""
    alone = Result("lessons", "all", "course", "", (61.0,), (), details={"00": 40.0, "01": 21.0})
    facts = {
        "processor": "P",
        "threads": 2,
        "precision": "float32",
        "versions": {"torch": "2"},
        "date": "",
        "command": "",
    }
    report.write([alone, RESULT], tmp_path, facts=facts)
    first, second = json.loads((tmp_path / "latest.json").read_text(encoding="utf-8"))["rows"]
    assert (first["ratio"], first["course_s"], first["details_s"]) == (None, 61.0, {"00": 40.0, "01": 21.0})
    assert (second["ratio"], second["spread"], second["reached"]) == (2.0, [1.0, 10.0], True)


def test_rows_are_chosen_by_name():
    """Each row can be run alone and left out; a misspelt one must not mean all."""
    assert command.chosen(None, []) == [*command.ROWS]
    assert command.chosen(["import", "loading"], ["import"]) == ["loading"]
    with pytest.raises(typer.BadParameter, match="no row explorers"):
        command.chosen(["explorers"], [])


def test_quick_means_less_of_everything():
    """`--quick` is for trying; an option that it forgets takes its full time."""
    usual, quick = Options(), Options(**QUICK)
    for name in ("turns", "images", "size", "epochs", "moves", "audited"):
        assert getattr(quick, name) < getattr(usual, name)


def test_the_readme_shows_the_last_run():
    """Its table must be the one that a run wrote, with the processor that it ran on."""
    table = (command.RESULTS / f"{report.NAME}.md").read_text(encoding="utf-8").strip()
    assert json.loads((command.RESULTS / f"{report.NAME}.json").read_text(encoding="utf-8"))["processor"] in table
    assert table in (pairs.ROOT / "README.md").read_text(encoding="utf-8")
