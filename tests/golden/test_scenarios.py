"""The golden scenarios: published examples and hand arithmetic, run through the real models in one call."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from osame.cli import app
from osame.errors import OsameError
from osame.home import Home
from warehouse.law.parameters import load_parameters
from warehouse.office.standing import standing
from warehouse.scenario.model import load_scenario
from warehouse.scenario.run import Outcome, run_scenarios
from warehouse.scenario.show import lines

HERE = Path(__file__).parent
FILES = sorted((HERE / "scenarios").glob("*.yml"))
DOCS = HERE.parent.parent / "docs" / "scenarios.md"
EXAMPLE = HERE.parent.parent / "warehouse" / "scenario" / "example.yml"

DUES_AND_EVENTS = """
as_of: 2025-03-31
dues:
  - {id: a1, addressee: A, tax_item: '30', due: 2024-07-31, yen: 65000}
events:
  - {id: r1, on: 2024-07-31, receive: 40000, due: a1}
"""
WRONG = f"""
name: nothing of this is true
{DUES_AND_EVENTS}
expect:
  dues: {{a1: {{principal_paid_yen: 65000, principal_balance_yen: 25000}}}}
  receipts: {{r1: null}}
  allocations: [{{receipt: r1, due: a1, principal_yen: 39999}}]
  overpayments: [{{receipt: r1, amount_yen: 1}}]
  suspense: [{{receipt: r1, amount_yen: 1}}]
  movements: [{{movement_type: received, amount_yen: 40000}}, {{movement_type: received, amount_yen: 1}}]
  accounts: {{cash_yen: 1}}
"""
WHAT_IF = f"name: what if\n{DUES_AND_EVENTS}"


def _blocks() -> list[str]:
    """The fenced blocks of docs/scenarios.md: the example, then what it prints."""
    parts = DOCS.read_text(encoding="utf-8").split("```")
    return [part.split("\n", 1)[1] for part in parts[1::2]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("made")
    paths = {name: folder / f"{name}.yml" for name in ("wrong", "what_if", "docs")}
    paths["wrong"].write_text(WRONG, encoding="utf-8")
    paths["what_if"].write_text(WHAT_IF, encoding="utf-8")
    paths["docs"].write_text(_blocks()[0], encoding="utf-8")
    return paths


@pytest.fixture(scope="module")
def outcomes(made: dict[str, Path]) -> dict[str, Outcome]:
    """Every scenario of this module: one call, one build for each as_of and policy."""
    return {o.path: o for o in run_scenarios([*FILES, EXAMPLE, *made.values()])}


@pytest.mark.parametrize("path", [*FILES, EXAMPLE], ids=lambda p: p.stem)
def test_scenario(path: Path, outcomes: dict[str, Outcome]) -> None:
    failed = [f"{c.what}: expected {c.expected}, found {c.found}" for c in outcomes[str(path)].checks if not c.passed]
    assert not failed, "\n".join(failed)
    assert outcomes[str(path)].checks, "a golden scenario expects something"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_scenario_says_where_its_figures_come_from(path: Path) -> None:
    assert len(load_scenario(path).source) > 20


def test_a_wrong_expectation_fails_with_what_was_expected_and_found(
    made: dict[str, Path], outcomes: dict[str, Outcome]
) -> None:
    outcome = outcomes[str(made["wrong"])]
    assert not outcome.passed
    found = {c.what: (c.expected, c.found) for c in outcome.checks if not c.passed}
    assert found.pop("dues.a1.principal_paid_yen") == (65000, 40000)
    assert found.pop("receipts.r1")[0] == "no such row"
    assert found.pop("allocations") == (
        [{"receipt": "r1", "due": "a1", "principal_yen": 39999}],
        [{"receipt": "r1", "due": "a1", "principal_yen": 40000}],
    )
    assert found.pop("overpayments") == ([{"receipt": "r1", "amount_yen": 1}], [])
    assert found.pop("suspense") == ([{"receipt": "r1", "amount_yen": 1}], [])
    assert found.pop("movements")[1] == [{"movement_type": "received", "amount_yen": 40000}]
    assert found.pop("accounts.cash_yen") == (1, 40000)
    assert not found
    assert [c.what for c in outcome.checks if c.passed] == ["dues.a1.principal_balance_yen"]
    text = [f"{mark} {line}" for mark, line in lines(outcome)]
    assert "not dues.a1.principal_paid_yen: expected 65,000, found 40,000" in text


def test_a_scenario_that_expects_nothing_shows_what_comes_of_it(
    made: dict[str, Path], outcomes: dict[str, Outcome]
) -> None:
    outcome = outcomes[str(made["what_if"])]
    assert outcome.passed
    assert not outcome.checks
    text = [f"{mark} {line}" for mark, line in lines(outcome)]
    assert text[0].startswith("ran what if  (as of 2025-03-31; ")
    # 25,000×2.4%×31/365=50; ×8.7%×212/365=1,263; 1,313 → 1,300
    assert " due a1: delinquent, tax 65,000, paid 40,000, left 25,000, late charge 1,300" in text


def test_every_due_of_every_scenario_stands_as_the_marts_have_it(outcomes: dict[str, Outcome]) -> None:
    """The scalar rule over a due's movements and the set-based models come to the same yen on the books' own day."""
    params, wrong, compared = load_parameters(), [], 0
    for outcome in outcomes.values():
        for name, due in outcome.dues.items():
            moves = [move for move in outcome.movements if move["due"] == name]
            keys = dict.fromkeys(("due_key", "addressee_no", "notice_no", "tax_item_name"), name)
            line = standing(due | keys, moves, outcome.as_of, params)
            figures = {column: getattr(line, column) for column in due if hasattr(line, column)}
            wrong += [(outcome.path, name, c, due[c], value) for c, value in figures.items() if value != due[c]]
            compared += 1
    assert wrong == []
    assert compared > 150


def test_the_documented_example_prints_what_the_documentation_shows(
    made: dict[str, Path], outcomes: dict[str, Outcome]
) -> None:
    first, *rest = lines(outcomes[str(made["docs"])])
    indent = {"ok": "    ok   ", "not": "    not  ", "": "    "}
    printed = [f"{first[0]}  {first[1].replace(str(made['docs']), 'case.yml')}"]
    assert [*printed, *(indent[mark] + text for mark, text in rest)] == _blocks()[1].splitlines()


def test_json_has_stable_keys_and_no_keys_of_the_temporary_home(
    made: dict[str, Path], outcomes: dict[str, Outcome]
) -> None:
    plain = outcomes[str(made["what_if"])].as_dict()
    assert list(plain) == [
        "path", "name", "source", "as_of", "checks", "dues", "receipts", "allocations", "overpayments", "suspense",
        "candidates", "decisions", "decision_lines", "movements", "offset_candidates", "wrong_instalments", "accounts",
        "carried", "settlement", "collection_results", "prefecture_payment", "passed",
    ]  # fmt: skip
    assert plain["as_of"] == "2025-03-31"
    assert plain["dues"]["a1"]["addressee"] == "A"
    assert plain["receipts"]["r1"]["due"] == "a1"
    text = json.dumps(plain)
    assert "load_id" not in text
    assert '"due_key":' not in text


def test_a_scenario_alone_gives_what_it_gives_among_others(made: dict[str, Path], outcomes: dict[str, Outcome]) -> None:
    done = CliRunner().invoke(app, ["scenario", "run", str(made["what_if"]), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == [outcomes[str(made["what_if"])].as_dict()]


def test_a_column_that_no_table_has_is_named_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "misspelt.yml"
    path.write_text(
        f"name: n\n{DUES_AND_EVENTS}\nexpect: {{dues: {{a1: {{principal_payed_yen: 1}}}}, suspense: [{{why: 1}}]}}\n",
        encoding="utf-8",
    )
    with pytest.raises(OsameError) as caught:
        run_scenarios([path])
    assert f"{path}: expect.dues: 'principal_payed_yen'; there are " in caught.value.message
    assert f"{path}: expect.suspense: 'why'; there are " in caught.value.message


def test_a_run_clears_up_after_itself_and_after_runs_that_were_killed(
    made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    living, killed = (tmp_path / f"osame-scenario-{pid}-x" for pid in (os.getppid(), 999_999_999))
    for folder in (living, killed):
        (folder / "keys").mkdir(parents=True)

    def stop(home: Home, *_words: Any, **_named: Any) -> None:
        assert home.root.parent == tmp_path
        assert set(tmp_path.iterdir()) == {living, home.root}
        raise OsameError("stopped", "here")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("warehouse.scenario.run.build", stop)
    with pytest.raises(OsameError, match="stopped"):
        run_scenarios([made["what_if"]])
    assert list(tmp_path.iterdir()) == [living]
