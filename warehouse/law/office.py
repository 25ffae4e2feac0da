"""The law as one office applies it: our values, those added in its home, and what stands until rates are announced.

An added file has the form of ours (``warehouse/law/parameters/<domain>/<name>.yml``), below ``$OSAME_HOME/law``.
It may repeat our values and add later days; it may not say something else of a day that we know.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from osame.errors import OsameError
from osame.home import Home
from osame.wareki import format_wareki
from warehouse.law.parameters import (
    ONE_DAY,
    RATE_FOLDER,
    Parameter,
    ParameterNotFoundError,
    Parameters,
    load_parameters,
)
from warehouse.settings import Policies, load_settings

LAST_KNOWN = "last_known"
_EVERYBODYS = f"{RATE_FOLDER}.local_tax"  # the others began later: before that, nothing accrued at them


def parameters_of(home: Home, policies: Policies | None = None) -> Parameters:
    """Every legal value as this office applies it.

    Args:
        home: whose ``law`` folder and settings are read.
        policies: in the place of the home's (a scenario's).

    Raises:
        ParameterError: a file of the home cannot be used; the message lists everything wrong.
    """
    known = load_parameters(added=home.law)
    if (policies or load_settings(home).policies).late_charge_rates_beyond != LAST_KNOWN:
        return known
    return Parameters({p.id: p.for_one_more_year() if p.is_rate else p for p in known}, known.tax_items)


def announced_of(home: Home) -> Parameters:
    """The legal values that are announced, ours and those of the home: what is paid out or set off for good asks these.

    Raises:
        ParameterError: a file of the home cannot be used; the message lists everything wrong.
    """
    return load_parameters(added=home.law)


def require_rates(params: Parameters, day: date) -> None:
    """Late charges and refund interest accrue to the build's day: without a rate for it, a build would end in nulls.

    Raises:
        OsameError: a rate is not known on that day; every one that is not is named.
    """
    missing = []
    for parameter in _rates(params):
        begins = parameter.periods[0].first
        try:
            parameter.at(day if parameter.id == _EVERYBODYS else max(day, begins))
        except ParameterNotFoundError as error:
            missing.append(error)
    if missing:
        raise OsameError(
            f"--as-of {day}: " + "\n".join(error.message for error in missing),
            "\n     ".join(error.advice for error in missing),
        )


def _rates(params: Parameters) -> list[Parameter]:
    return [parameter for parameter in params if parameter.is_rate]


def rates_end(params: Parameters) -> date:
    """The last day on which every rate is announced."""
    return min(parameter.announced_to for parameter in _rates(params))


def provisional_ja(params: Parameters, charges: Sequence[tuple[str, date]]) -> str | None:
    """The sentence for a paper with late charges whose rate is not announced yet; None where all are.

    Args:
        params: as ``parameters_of`` gives them.
        charges: tax item and last day of each late charge on the paper.
    """
    ends = {code: params.late_charge_rates(params.tax_item(code).rate_family).announced_to for code, _ in charges}
    beyond = [ends[code] for code, day in charges if day > ends[code]]
    if not beyond:
        return None
    last = min(beyond)
    return (
        f"{format_wareki(last + ONE_DAY)}以後の延滞金の割合は未公表のため、{format_wareki(last)}の割合により"
        "仮に計算しています。公表後に延滞金の額が変わることがあります。"
    )
