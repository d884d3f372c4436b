"""Mutants of right answers: each differs from the reference of an exercise, or its lesson's solution, in one place."""

import ast
import inspect
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgcls_course import check, exercises

OPERATORS = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add, ast.Div),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Div, ast.Mult),
    ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr, ast.Sub),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}
PAIRS = (
    "sum mean",
    "max min",
    "amax amin",
    "argmax argmin",
    "any all",
    "softmax log_softmax",
    "round int",
    "train eval",
)
NAMES = {one: other for pair in PAIRS for one, other in (pair.split(), pair.split()[::-1])}


LESSONS = Path(__file__).parents[1] / "lessons" / "src"


@dataclass(frozen=True)
class Mutant:
    """A right answer with one change: `change` says which, `answer` is what came of it."""

    exercise: str
    change: str
    answer: Any


def mutants(exercise: check.Exercise) -> Iterator[Mutant]:
    """Make every mutant of the two right answers to an exercise: the check's reference, and the lesson's solution."""
    module = next(each for each in exercises.LESSONS if exercise in each.EXERCISES)
    table = ast.Module([*_whole(module)], [])
    yield from _changed(exercise, table, _reference(table, exercise.name), lambda made: made[exercise.name].reference)
    if not callable(exercise.reference):
        return
    (lesson,) = LESSONS.glob(f"{exercise.lesson}_*.py")
    name = f"{exercise.name}_solution"
    solution = _only_what_is_needed(ast.parse(lesson.read_text(encoding="utf-8")), name)
    yield from _changed(exercise, solution, solution.body[-1:], lambda made: made[name])


def _changed(exercise: check.Exercise, tree: ast.Module, roots: list[ast.AST], get) -> Iterator[Mutant]:
    for parent, field, index, node in [site for root in roots for site in _sites(root)]:
        alone = isinstance(node, ast.expr | ast.stmt) and not isinstance(node, ast.Constant)
        shown = node if alone or not isinstance(parent, ast.expr | ast.AugAssign) else parent  # "<" says too little
        before = ast.unparse(shown)
        for new in _variants(node):
            _put(parent, field, index, new)
            answer = get(_run(tree))
            after = ast.unparse(new if shown is node else shown)
            _put(parent, field, index, node)
            yield Mutant(exercise.name, f"{before} → {after}", answer)


def _run(tree: ast.Module) -> dict[str, Any]:
    """Run a changed module as if it stood among the checks, and return its names."""
    made = {"__name__": exercises.lesson_00.__name__, "__package__": exercises.__name__}
    exec(compile(ast.fix_missing_locations(tree), "<mutant>", "exec"), made)
    return made


def _whole(module: types.ModuleType) -> Iterator[ast.stmt]:
    """Yield the statements of a module, with those of its neighbours where it imports them: to be changed as well."""
    for each in ast.parse(inspect.getsource(module)).body:
        if isinstance(each, ast.ImportFrom) and each.level == 1:
            yield from _whole(sys.modules[f"{exercises.__name__}.{each.module}"])
        else:
            yield each


def _reference(table: ast.Module, name: str) -> list[ast.AST]:
    """Return the syntax of the reference, and of the functions that it calls, directly or not."""
    made = next(
        each.value for each in table.body if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == name
    )
    found = [next(each for each in made.keywords if each.arg == "reference")]
    functions = {each.name: each for each in table.body if isinstance(each, ast.FunctionDef)}
    for part in found:
        called = {each.id for each in ast.walk(part) if isinstance(each, ast.Name)}
        found += [functions[each] for each in functions if each in called and functions[each] not in found]
    return found


def _only_what_is_needed(lesson: ast.Module, name: str) -> ast.Module:
    """Leave of a lesson the imports of its first cells and, as the last statement, the solution."""
    imports = [each for each in lesson.body if isinstance(each, ast.Import | ast.ImportFrom)]
    (solution,) = [each for each in lesson.body if isinstance(each, ast.FunctionDef) and each.name == name]
    return ast.Module([*imports, solution], [])


def _sites(root: ast.AST) -> Iterator[tuple]:
    """Yield every place below `root`: parent, field, index in it (None where it is no list), and what stands there."""
    for parent in ast.walk(root):
        for field, value in ast.iter_fields(parent):
            for index, node in enumerate(value) if isinstance(value, list) else ((None, value),):
                if isinstance(node, ast.AST):
                    yield parent, field, index, node


def _put(parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _variants(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a slip of the pen makes of a piece of code."""
    yield from (other() for other in OPERATORS.get(type(node), ()))
    match node:
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield from (ast.Constant(value + 1), ast.Constant(value - 1))
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            yield operand
        case ast.Attribute(attr=name) if name in NAMES:
            yield ast.Attribute(node.value, NAMES[name], node.ctx)
        case ast.If() | ast.IfExp():
            yield type(node)(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        case ast.Expr(value=ast.Call()):
            yield ast.Pass()
        case ast.Call():
            yield from _variants_of_call(node)


def _variants_of_call(node: ast.Call) -> Iterator[ast.AST]:
    if isinstance(node.func, ast.Name) and node.func.id in NAMES:
        yield ast.Call(ast.Name(NAMES[node.func.id], ast.Load()), node.args, node.keywords)
    if isinstance(node.func, ast.Attribute):
        yield node.func.value  # x.f(…) → x
    elif len(node.args) == 1 and not isinstance(node.args[0], ast.GeneratorExp):
        yield node.args[0]  # f(x) → x
    if len(node.args) >= 2:
        first, second, *rest = node.args
        yield ast.Call(node.func, [second, first, *rest], node.keywords)
