"""Which layouts there are: those shipped with Osame, and a city's own, each held to what its table promises."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ingestion.layout import Layout, LayoutError, landing_schema
from osame.yaml_file import LOADER, YamlProblem, read_yaml

LAYOUT_DIR = Path(__file__).parent / "layouts"


@dataclass(frozen=True)
class BrokenLayout:
    """A layout of an office that cannot be used, and everything that is wrong with it."""

    path: Path
    problems: tuple[str, ...]

    @property
    def id(self) -> str:
        return self.path.stem

    @property
    def problem(self) -> str:
        return "; ".join(self.problems)


def load_layout(path: Path) -> Layout:
    """One layout shipped with Osame.

    Raises:
        LayoutError: it cannot be used.
    """
    try:
        return Layout.model_validate(yaml.load(path.read_bytes(), Loader=LOADER))  # noqa: S506
    except (ValidationError, yaml.YAMLError) as error:
        raise LayoutError(f"{path}: {error}") from error


def check_layout(path: Path) -> Layout:
    """One layout that an office wrote, judged alone: bounded while it is read, and compared with those shipped.

    Raises:
        LayoutProblems: with everything that is wrong, each with its line where there is one.
    """
    from ingestion.layout_contract import broken_promises  # with pyarrow, which those without such a layout do not need

    try:
        document = read_yaml(path)
    except YamlProblem as error:
        raise LayoutProblems([str(error)]) from None
    try:
        layout = Layout.model_validate(document.value)
    except ValidationError as error:
        raise LayoutProblems([_told(e, document.line_of(e["loc"])) for e in error.errors()]) from None
    except LayoutError as error:
        raise LayoutProblems([str(error)]) from None
    problems = [] if layout.id == path.stem else [f"id {layout.id!r} must equal the file name {path.stem!r}"]
    problems += broken_promises(layout, _shipped())
    if problems:
        raise LayoutProblems(problems)
    return layout


class LayoutProblems(LayoutError):
    """Everything that is wrong with one layout."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def _told(error: Any, line: int | None) -> str:
    """One thing that pydantic found, in words: where, what, and what was there."""
    where = ".".join(str(part) for part in error["loc"])
    found = "" if isinstance(error["input"], dict | list) else f" (found {error['input']!r})"
    message = str(error["msg"]).removeprefix("Value error, ")
    return "".join((f"line {line}: " if line else "", f"{where}: " if where else "", message, found))


def load_layouts(extra: Path | None = None) -> dict[str, Layout]:
    """Every layout shipped with Osame, and a city's own in ``extra``; a city's layout of the same id replaces ours.

    A city's layout that cannot be used stops no other: see ``broken_layouts``. Where it would have replaced one of
    ours, ours stands here, so that its tables are known; no file may be read or written with it (``layout_in_use``).
    """
    return dict(_loaded(extra, _stamp(extra))[0])


def broken_layouts(extra: Path | None) -> list[BrokenLayout]:
    """The layouts in ``extra`` that cannot be used, with what is wrong, by file name."""
    return list(_loaded(extra, _stamp(extra))[1])


def layout_in_use(extra: Path | None, layout_id: str) -> Layout:
    """The layout of that id to read or write a file by: never ours where the office has one of its own that is broken.

    Raises:
        LayoutError: it has, or there is none of that id.
    """
    for broken in broken_layouts(extra):
        if broken.id == layout_id:
            raise LayoutError(f"{broken.path}: {broken.problem}")
    layouts = load_layouts(extra)
    if layout_id not in layouts:
        raise LayoutError(f"there is no layout {layout_id!r}")
    return layouts[layout_id]


def _stamp(extra: Path | None) -> tuple[tuple[str, int, int], ...]:
    """What tells that an office has changed a layout since it was read."""
    return tuple((path.name, *_changed(path)) for path in _written(extra))


def _changed(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:  # a link to nowhere: reading it says so
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


def _written(extra: Path | None) -> list[Path]:
    """What an office has put down as layouts, by name; hidden files are an editor's."""
    if extra is None or not extra.is_dir():
        return []
    return sorted(p for p in extra.iterdir() if p.suffix.lower() in (".yml", ".yaml") and not p.name.startswith("."))


@lru_cache(maxsize=1)
def _shipped() -> dict[str, Layout]:
    layouts: dict[str, Layout] = {}
    for path in sorted(LAYOUT_DIR.glob("*.yml")):
        layout = load_layout(path)
        if layout.id != path.stem:
            raise LayoutError(f"{path}: id {layout.id!r} must equal the file name {path.stem!r}")
        layouts[layout.id] = layout
    return layouts


@lru_cache(maxsize=8)
def _loaded(
    extra: Path | None, stamp: tuple[tuple[str, int, int], ...]
) -> tuple[dict[str, Layout], tuple[BrokenLayout, ...]]:
    del stamp  # part of the key of the cache
    layouts = dict(_shipped())
    broken: list[BrokenLayout] = []
    for path in _written(extra):
        try:
            if path.suffix != ".yml":
                raise LayoutProblems([f"its name ends in {path.suffix}, that of a layout in .yml"])
            layout = check_layout(path)
            landing_schema({**layouts, layout.id: layout})
        except LayoutError as error:
            broken.append(BrokenLayout(path, getattr(error, "problems", (str(error),))))
        else:
            layouts[layout.id] = layout
    return layouts, tuple(broken)
