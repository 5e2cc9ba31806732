"""How diagnostics cross the process border: plain arrays, and a description of them that JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr


def pack(results: Mapping[str, xr.Dataset]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Named datasets as (arrays, description). Coordinates of words travel in the description, everything else as float64."""
    arrays: dict[str, np.ndarray] = {}
    description: dict[str, Any] = {}
    for name, data in results.items():
        variables: dict[str, Any] = {}
        for variable, array in data.variables.items():
            words = array.values.tolist() if array.dtype.kind in "UO" else None
            variables[str(variable)] = {"dims": list(array.dims), "words": words, "coordinate": variable in data.coords}
            if words is None:
                arrays[f"{name}/{variable}"] = np.asarray(array.values, order="C")
        description[name] = {"variables": variables, "attributes": dict(data.attrs)}
    return arrays, description


def unpack(arrays: Mapping[str, np.ndarray], description: Mapping[str, Any]) -> dict[str, xr.Dataset]:
    """The inverse of `pack`."""
    return {name: dataset(name, arrays, described) for name, described in description.items()}


def dataset(name: str, arrays: Mapping[str, np.ndarray], described: Mapping[str, Any]) -> xr.Dataset:
    variables: dict[bool, dict[str, Any]] = {True: {}, False: {}}
    for variable, about in described["variables"].items():
        values = arrays[f"{name}/{variable}"] if about["words"] is None else np.array(about["words"], dtype=str)
        variables[about["coordinate"]][variable] = (about["dims"], values)
    return xr.Dataset(variables[False], variables[True], described["attributes"])
