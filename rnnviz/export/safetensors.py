"""safetensors: the weights of a network under PyTorch's names; torch, JAX and NumPy read it."""

from __future__ import annotations

from rnnviz.engine.weights import Network
from rnnviz.export.format import Format

SAFETENSORS = Format("safetensors", "application/octet-stream", (Network,), Network.to_bytes)
