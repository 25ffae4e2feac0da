"""What a command loads: nobody waits for a library that their command does not use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from osame.cli import COMMANDS, load
from osame.home import Home
from tests.fixtures.office import BuiltTown, count, environment, python

# Libraries that take a tenth of a second or more to load, or bring those that do.
HEAVY = {
    "dbt",
    "duckdb",
    "fontTools",
    "great_tables",
    "ibis",
    "jupyter_client",
    "nbclient",
    "nbformat",
    "numpy",
    "openpyxl",
    "pandas",
    "papermill",
    "plotly",
    "pyarrow",
    "rfc3987_syntax",
    "typst",
    "xlsxwriter",
}
READS = {"duckdb"}
LANDS = READS | {"numpy", "pyarrow"}
PRINTS = {"fontTools", "typst"}
# What the module of a command may bring; what is not named here brings nothing.
MODULES = {
    "approve": set(),
    "begin-landing": LANDS,
    "build": LANDS,
    "claim": set(),
    "close": set(),
    "dbt": LANDS,
    "decisions": set(),
    "demo": LANDS,
    "doctor": READS,
    "draft-closing": set(),
    "draft-refunds": set(),
    "export": set(),
    "ingest": LANDS,
    "standing": set(),
    "issue": READS,
    "layout": LANDS,
    "record": set(),
    "refund-returned": set(),
    "refunds": set(),
    "report": READS,
    "scenario": LANDS,
    "sql": READS,
    "status": READS,
    "template": set(),
    "trace": READS,
    "vault-log": set(),
    "verify-certificate": READS,
    "calc": set(),
    "withdraw": set(),
    "withdraw-certificate": READS,
}

_TELL = """
import sys
from osame.cli import main
sys.argv = ["osame", *sys.argv[1:]]
try:
    main()
except SystemExit as leave:
    code = leave.code
import json
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]), file=sys.stderr)
"""


def loaded(home: Home, *words: str) -> set[str]:
    """The packages that a command has loaded when it ends well."""
    done = python("-c", _TELL, *words, env=environment(home, OSAME_NOW="2026-06-02T09:00:00"))
    *said, last = done.stderr.splitlines()
    code, modules = json.loads(last)
    assert code in (0, None) or (words[0], code) == ("status", 1), (done.stdout, said)  # 1: somebody has to look
    return set(modules)


def test_every_command_is_here() -> None:
    assert set(MODULES) == set(COMMANDS)


@pytest.mark.parametrize(
    "words", ["--help", "vault-log --help", "record --help", "calc --help", "calc late-charge --help"]
)
def test_help_loads_nothing(tmp_path: Path, words: str) -> None:
    assert loaded(Home(tmp_path), *words.split()) & HEAVY == set()


def test_the_list_of_commands_does_not_load_what_checks_their_words(tmp_path: Path) -> None:
    assert loaded(Home(tmp_path), "--help") & (HEAVY | {"pydantic", "yaml", "jinja2", "cryptography"}) == set()


@pytest.mark.parametrize("name", MODULES)
def test_the_module_of_a_command(tmp_path: Path, name: str) -> None:
    assert loaded(Home(tmp_path), name, *([] if name == "dbt" else ["--help"])) & HEAVY <= MODULES[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_command_says(name: str) -> None:
    help_of = str(load(name).help).partition("\n\n")[0]
    assert " ".join(help_of.split()) == COMMANDS[name].help


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        ("calc late-charge --tax-item 30 --principal 100000 --due 2025-06-30 --paid 2025-12-01", set()),
        ("vault-log", set()),
        ("report --list", READS | {"nbformat"}),
        ("sql show\u3000tables", READS),
        ("status", READS),
        ("decisions", READS),
        ("refunds", READS),
        ("standing {payer}", READS),
        ("trace {due}", READS),
        ("record reminders due_key={due} sent_date=2026-06-01 reminder_fee_yen=0 --by 1001", LANDS),
        ("record decisions {draft} --by 1001", LANDS),
        ("approve 1 --by 1002", LANDS),
        ("withdraw 1 --by 1002 --reason 誤り", LANDS),
        ("issue slip {owed} --pay-by 2026-06-30 --by 1001 --reason 窓口", LANDS | PRINTS),
    ],
)
def test_what_a_command_needs(office: Home, words: str, allowed: set[str]) -> None:
    due = count(office, "select min(due_key) from fct_dues where overpaid_yen > 5000")
    owed = count(office, "select min(due_key) from fct_dues where state = 'delinquent'")
    payer = count(office, f"select addressee_no from fct_dues where due_key = '{due}'")
    draft = (
        f"decision_no=1 line_no=1 decision_type_code=1 due_key={due} from_component_code=1 amount_yen=1000 "
        "fiscal_year=2025 drafted_date=2026-06-02"
    )
    found = loaded(
        office,
        *(
            word.replace("\u3000", " ")
            for word in words.format(due=due, owed=owed, payer=payer, draft=draft).split(" ")
        ),
    )
    assert found & HEAVY <= allowed


@pytest.fixture(scope="module")
def office(built_town: BuiltTown, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return built_town.copied(tmp_path_factory.mktemp("start") / "home").home
