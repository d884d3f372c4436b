"""`imgcls progress`: the exercises that were passed."""

import json

from .. import paths
from ..i18n import _
from .options import Json


def progress(as_json: Json = False) -> None:
    """List the lessons with the exercises passed in each, and their points."""
    from .. import check

    rows = check.progress_rows()
    print(json.dumps(rows, indent=1) if as_json else _table(rows))


def _table(rows: list[dict]) -> str:
    lines = [_line(_("lesson {number}", number=row["lesson"]), [row]) for row in rows]
    return "\n".join([*lines, _line(_("together"), rows), _("kept in {file}", file=paths.progress_file())])


def _line(name: str, rows: list[dict]) -> str:
    done = [passed for row in rows for passed in row["exercises"].values()]
    points, max_points = (sum(row[key] for row in rows) for key in ("points", "max_points"))
    exercises = _("{n:>3} of {total:>3} exercises", n=sum(done), total=len(done))
    return f"{name:<10} {exercises}  " + _("{n:>3} of {total:>3} points", n=points, total=max_points)
