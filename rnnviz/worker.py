"""`python -m rnnviz.worker`: one worker process. Lanes start it; nobody else needs to.

It answers nine kinds of request:

    {"study": flat form, "needs": names, "example": n}      what the diagnostics say of a study
    {"verify": flat form, "needs": names, "example": n}     the same by another route, and how far the two part
    {"demonstration": kind, "words": flat form}             what a demonstration of a lesson computes
    {"columns_of": hash}                                    which columns an uploaded table has
    {"picture": Drawn as JSON, "format": name}              a figure as a file, drawn by Chromium
    {"trace": flat form, "example": n}                      everything that one run measured, as netCDF
    {"training": flat form, "store": folder, "interval": s} a training, kept in the store as it goes
    {"import": hash, "store": folder}                       an uploaded run, taken into the store
    {"sweep": hash}                                         what an uploaded sweep says of each of its runs

What it computed of an experiment it keeps, so that a slider which changes three experiments out of nine costs three.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnviz.jobs import WORKER_MEMORY, Handler, Refusal, Tick, memory_limited, serve

if TYPE_CHECKING:
    import xarray as xr

    from rnnviz.engine.workspace import Workspace

Parts = tuple[dict[str, np.ndarray], dict[str, Any]]  # arrays by name, and words

KEPT_BYTES = 64 << 20
_kept: OrderedDict[tuple[object, ...], xr.Dataset] = OrderedDict()


def load() -> Handler:
    """The engine, on one thread. Imported here, after `serve` has taken stdout and limited the memory."""
    import torch

    import rnnviz.diagnostics.diagnose  # noqa: F401  (the imports count as start-up, not against a deadline)

    torch.set_num_threads(1)
    return answer


def answer(request: Mapping[str, Any], tick: Tick) -> Parts:
    """Raises Refusal for what the asker can mend (an invalid parameter, too large a study, a missing upload), and for
    a file that this machine cannot make."""
    from rnnviz.choice import InvalidParameter
    from rnnviz.content import MissingContent, UnreadableContent
    from rnnviz.engine.budget import OverBudget

    kind = next(kind for kind in KINDS if kind in request)
    try:
        return KINDS[kind](request, tick)
    except InvalidParameter as error:
        domain = {"domain": type(error.domain).__name__, **asdict(error.domain)}
        raise Refusal("invalid_parameter", {"path": error.path, "value": repr(error.value), **domain}) from error
    except OverBudget as error:
        raise Refusal("over_budget", vars(error)) from error
    except MissingContent as error:
        raise Refusal("missing_content", vars(error)) from error
    except UnreadableContent as error:
        raise Refusal("unreadable_content", {**error.detail, "content_reason": error.reason}) from error


def study(request: Mapping[str, Any], tick: Tick) -> Parts:
    from rnnviz.diagnostics.exchange import pack
    from rnnviz.engine.budget import check_study
    from rnnviz.experiment import Study

    asked = Study.from_flat(request["study"])
    check_study(asked, request["needs"])
    return pack(computed(asked, request, tick))


def verification(request: Mapping[str, Any], tick: Tick) -> Parts:
    from rnnviz.experiment import Study
    from rnnviz.verification import check_verification, verify_study

    asked = Study.from_flat(request["verify"])
    check_verification(asked, request["needs"])
    found = verify_study(asked, request["needs"], example=request["example"], tick=tick)
    return {}, {"findings": [each.as_json() for each in found]}


def demonstration(request: Mapping[str, Any], tick: Tick) -> Parts:
    from rnnviz.demonstrations import DEMONSTRATIONS
    from rnnviz.diagnostics.exchange import pack

    kinds = {one.model_fields["kind"].default: one for one in DEMONSTRATIONS}
    asked = kinds[request["demonstration"]].from_flat(request["words"])
    return pack({asked.kind: asked.compute(tick)})


def columns(request: Mapping[str, Any], tick: Tick) -> Parts:
    from rnnviz.content import get
    from rnnviz.tasks.own_series import columns_of

    return {}, {"columns": columns_of(get(request["columns_of"]))}


def picture(request: Mapping[str, Any], tick: Tick) -> Parts:
    from rnnviz.export import FORMATS, CannotExport, Drawn, formats_of

    try:
        return file(formats_of(Drawn, FORMATS)[request["format"]].make(Drawn.from_json(request["picture"])))
    except CannotExport as error:
        raise Refusal("cannot_export", {**error.detail, "export_reason": error.reason}) from error


def trace(request: Mapping[str, Any], tick: Tick) -> Parts:
    from rnnviz.engine import run
    from rnnviz.engine.budget import check_trace
    from rnnviz.experiment import Experiment
    from rnnviz.export import FORMATS, formats_of
    from rnnviz.trace import Trace

    experiment = Experiment.from_flat(request["trace"])
    check_trace(experiment)
    with memory_limited(WORKER_MEMORY):
        return file(formats_of(Trace, FORMATS)["nc"].make(run(experiment, example=request["example"], tick=tick)))


def training(request: Mapping[str, Any], tick: Tick) -> Parts:
    from rnnviz.experiment import Experiment
    from rnnviz.store import Store
    from rnnviz.trainings.work import work

    experiment = Experiment.from_flat(request["training"])
    return {}, work(experiment, Store(Path(request["store"])), float(request["interval"]), tick)


def taken_in(request: Mapping[str, Any], tick: Tick) -> Parts:
    from rnnviz.content import get
    from rnnviz.store import ForeignFile, Store

    try:
        with memory_limited(WORKER_MEMORY):
            return {}, {"key": Store(Path(request["store"])).add(get(request["import"])).key}
    except ForeignFile as error:
        raise Refusal("foreign_file", {**error.detail, "foreign_reason": error.reason}) from error


def sweep(request: Mapping[str, Any], tick: Tick) -> Parts:
    from rnnviz.content import get
    from rnnviz.diagnostics.exchange import pack
    from rnnviz.kept_sweeps import UnreadableSweep, opened, results_of

    try:
        with memory_limited(WORKER_MEMORY):
            found = results_of(opened(get(request["sweep"])))
    except UnreadableSweep as error:
        raise Refusal("unreadable_sweep", {**error.detail, "sweep_reason": error.reason}) from error
    arrays, description = pack({name: run.data for name, run in found.items()})
    experiments = {name: run.experiment.flat() for name, run in found.items()}
    return arrays, {"description": description, "experiments": experiments}


def file(data: bytes) -> Parts:
    return {"file": np.frombuffer(data, np.uint8)}, {}


KINDS = {
    "study": study,
    "verify": verification,
    "demonstration": demonstration,
    "columns_of": columns,
    "picture": picture,
    "trace": trace,
    "training": training,
    "import": taken_in,
    "sweep": sweep,
}


def computed(study: Any, request: Mapping[str, Any], tick: Tick) -> dict[str, xr.Dataset]:
    from rnnviz.diagnostics import DIAGNOSTICS
    from rnnviz.diagnostics.diagnose import diagnose_each

    names, example = tuple(request["needs"]), request["example"]
    experiments = study.experiments()
    keys = {name: (experiment.key, names, example) for name, experiment in experiments.items()}
    missing = {name: experiments[name] for name, key in keys.items() if key not in _kept}
    needs = [DIAGNOSTICS[name] for name in names]
    results = {name: _kept[key] for name, key in keys.items() if key in _kept}
    for name, data in diagnose_each(missing, needs, example=example, tick=tick, workspace=workspace()):
        results[name] = _kept[keys[name]] = data
    for key in keys.values():
        _kept.move_to_end(key)
    forget()
    return {name: results[name] for name in experiments}


@cache
def workspace() -> Workspace:
    """Of this process: one move of a slider after another has the same shapes."""
    from rnnviz.engine.workspace import Workspace

    return Workspace()


def forget() -> None:
    """Let go of what was asked for longest ago, until the rest fits."""
    while len(_kept) > 1 and sum(data.nbytes for data in _kept.values()) > KEPT_BYTES:
        _kept.popitem(last=False)


if __name__ == "__main__":
    serve(load)
