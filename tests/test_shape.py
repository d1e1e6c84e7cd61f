"""The shape of the code is measured: short bodies, short files, telling names, and a domain without side effects."""

import ast
import statistics
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PRODUCT = ("domain", "store", "projections", "api", "workers", "cli", "schemas")
OURS = (*PRODUCT, "tests", "bench")

BODY_LINES_MEDIAN_MAX = 5
BODY_LINES_OF_NINE_IN_TEN_MAX = 20
BODY_LINES_MAX = 40
FILE_LINES_MAX = 300
TEST_NAME_WORDS_MIN = 3

EMPTY_NAMES = {"utils", "util", "common", "core", "helpers", "helper", "services", "service", "misc"}
UNFINISHED = ("TODO", "FIXME")
TEXTS = {".py", ".sql", ".html", ".md", ".toml", ".yml"}
CONTEXT_MODULES = {"__init__", "aggregate", "commands", "events"}

IMPURE_MODULES = {
    "asyncio", "io", "logging", "os", "pathlib", "random", "secrets", "shutil", "socket", "subprocess",
    "sys", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip
IMPURE_CALLS = {"now", "utcnow", "today", "open", "print", "input", "getenv", "urandom", "system_tz"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def files(*folders: str, ends: str = ".py") -> list[Path]:
    """Return our files below these folders that exist so far."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob(f"*{ends}"))


@cache
def tree(path: Path) -> ast.Module:
    """Return the parsed file."""
    return ast.parse(path.read_text(), filename=str(path))


def place(path: Path, node: ast.AST | None = None) -> str:
    """Return where something is, as an editor opens it."""
    line = getattr(node, "lineno", 1)
    return f"{path.relative_to(ROOT)}:{line}"


def functions(*folders: str) -> Iterator[tuple[Path, Function]]:
    """Return every function and method with its file."""
    for path in files(*folders):
        yield from ((path, node) for node in ast.walk(tree(path)) if isinstance(node, Function))


def body_lines(path: Path, function: Function) -> int:
    """Count the lines of a function's body that are neither blank, nor comment, nor docstring."""
    statements = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not statements:
        return 0
    lines = path.read_text().splitlines()[statements[0].lineno - 1 : statements[-1].end_lineno]
    return sum(1 for line in lines if line.strip() and not line.strip().startswith("#"))


def imported_roots(path: Path) -> Iterator[tuple[ast.AST, str]]:
    """Return the first word of everything that a file imports."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node, (node.module or "").partition(".")[0]


def called_name(node: ast.AST) -> str:
    """Return the last word of what is called, nothing when this is not a call."""
    match node:
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            return name
        case _:
            return ""


def packages(folder: str) -> set[str]:
    """Return the dotted names of the packages right below a folder."""
    return {f"{folder}.{path.parent.name}" for path in (ROOT / folder).glob("*/__init__.py")}


def held_apart() -> set[str]:
    """Return every module that pyproject.toml forbids to import its siblings."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return {module for contract in contracts if contract["type"] == "independence" for module in contract["modules"]}


def test_half_of_all_bodies_are_a_few_lines() -> None:
    lengths = [body_lines(path, function) for path, function in functions(*PRODUCT)]
    assert statistics.median(lengths or [0]) <= BODY_LINES_MEDIAN_MAX


def test_nine_bodies_in_ten_fit_into_a_glance() -> None:
    lengths = [body_lines(path, function) for path, function in functions(*PRODUCT)]
    long = [length for length in lengths if length > BODY_LINES_OF_NINE_IN_TEN_MAX]
    assert len(long) * 10 <= len(lengths)


def test_no_body_is_longer_than_a_screen() -> None:
    found = [
        f"{place(path, function)} {function.name}: {length} lines"
        for path, function in functions(*PRODUCT)
        if (length := body_lines(path, function)) > BODY_LINES_MAX
    ]
    assert found == []


def test_no_file_is_longer_than_its_limit() -> None:
    lengths = {place(path): len(path.read_text().splitlines()) for path in files(*OURS)}
    assert {where: length for where, length in lengths.items() if length > FILE_LINES_MAX} == {}


def test_every_module_says_what_it_is_for() -> None:
    assert [place(path) for path in files(*OURS) if not ast.get_docstring(tree(path))] == []


def test_every_package_is_introduced_by_one_sentence_and_nothing_else() -> None:
    inits = {place(path): path.read_text().strip() for path in files(*OURS) if path.name == "__init__.py"}
    found = {where: text for where, text in inits.items() if "\n" in text or ". " in text or not text.endswith('."""')}
    assert found == {}


def test_every_folder_of_code_is_a_package() -> None:
    assert [place(path) for path in files(*OURS) if not (path.parent / "__init__.py").exists()] == []


def test_every_event_and_every_error_says_what_it_means() -> None:
    found = [
        f"{place(path, node)} {node.name}"
        for path in files(*PRODUCT)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and (path.name == "events.py" or node.name.endswith("Error"))
        if not ast.get_docstring(node)
    ]
    assert found == []


def test_no_name_says_nothing() -> None:
    found = [place(path) for path in files(*OURS) if EMPTY_NAMES & {*path.relative_to(ROOT).parts, path.stem}]
    assert found == []


def test_nothing_is_left_for_later_in_the_code() -> None:
    texts = [path for path in files(*OURS, ends="") if path.suffix in TEXTS and path != Path(__file__)]
    found = [
        f"{place(path)} line {number}"
        for path in [*texts, *ROOT.glob("*.md"), ROOT / "Makefile", ROOT / "pyproject.toml"]
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if any(word in line for word in UNFINISHED)
    ]
    assert found == []


def test_the_name_of_a_test_is_a_sentence() -> None:
    # Only functions: a method's name is given by the test case of the library that it belongs to.
    found = [
        f"{place(path, node)} {node.name}"
        for path in files("tests")
        for node in tree(path).body
        if isinstance(node, Function) and node.name.startswith("test_")
        if len(node.name.removeprefix("test_").split("_")) < TEST_NAME_WORDS_MIN
    ]
    assert found == []


def test_the_domain_imports_nothing_that_acts_or_waits() -> None:
    found = [
        f"{place(path, node)} {name}"
        for path in files("domain")
        for node, name in imported_roots(path)
        if name in IMPURE_MODULES
    ]
    assert found == []


def test_the_domain_asks_neither_clock_nor_chance() -> None:
    found = [
        f"{place(path, node)} {called_name(node)}()"
        for path in files("domain")
        for node in ast.walk(tree(path))
        if called_name(node) in IMPURE_CALLS
    ]
    assert found == []


def test_schemas_import_nothing_but_msgspec() -> None:
    allowed = sys.stdlib_module_names | {"msgspec", "schemas"}
    found = [
        f"{place(path, node)} {name}"
        for path in files("schemas")
        for node, name in imported_roots(path)
        if name not in allowed
    ]
    assert found == []


def test_every_context_has_the_same_three_modules_and_what_its_rules_need_beside_them() -> None:
    contexts = packages("domain") - {"domain.processes"}
    modules = {context: {path.stem for path in files(context.replace(".", "/"))} for context in contexts}
    assert {context: found for context, found in modules.items() if not found >= CONTEXT_MODULES} == {}


def test_every_context_every_read_model_and_every_surface_is_held_apart_from_its_siblings() -> None:
    siblings = (packages("domain") - {"domain.processes"}) | packages("projections") | packages("api")
    assert siblings - held_apart() == set()
