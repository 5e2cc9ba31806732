"""netCDF: everything that one run measured, with named dimensions; xarray, MATLAB, R and Julia read it."""

from __future__ import annotations

from rnnviz.export import provenance
from rnnviz.export.format import Format
from rnnviz.trace import Trace


def netcdf(trace: Trace) -> bytes:
    record = provenance.of_trace(trace)
    attributes = {name: fact for name, fact in record.items() if name != "experiment"}
    attributes |= {"experiment": provenance.in_one_line(record["experiment"]), "outcome": trace.outcome.state}
    attributes |= {"overflow_quantity": trace.outcome.quantity, "overflow_time": trace.outcome.time}
    if trace.outcome.update is not None:
        attributes |= {"ended_at_update": trace.outcome.update, "ended_in_parameter": trace.outcome.parameter}
    if fingerprints := trace.experiment.fingerprints():  # so that the key can be checked where the data are others
        attributes |= {"fingerprints": provenance.in_one_line(fingerprints)}
    attributes |= {f"experiment.{path}": said(word) for path, word in record["experiment"].items()}
    return bytes(trace.data.assign_attrs(attributes).to_netcdf(engine="h5netcdf"))


def said(word: str | bool | int | float) -> str | int | float:
    return str(word).lower() if isinstance(word, bool) else word  # netCDF knows no truth values


NETCDF = Format("nc", "application/x-netcdf", (Trace,), netcdf)
