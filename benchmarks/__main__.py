"""`python -m benchmarks` prints every section; `python -m benchmarks gradients grid` only those. It never fails."""

from __future__ import annotations

import os
import sys

# As in a worker, and before NumPy is imported and the first memory is taken: one thread for NumPy too, and freed memory
# kept instead of handed back, or every pass would pay for its pages again (a third of the time of an LSTM 64/32). Larger
# blocks are kept than in a worker: jacrev makes some, and must not lose by what a worker has other reasons for.
ENVIRONMENT = {
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
}


def main(wanted: list[str]) -> None:
    import torch

    from benchmarks import gradients, grid, jacobians, long_sequences, page, products, spectra, training
    from benchmarks.timing import HEADER

    torch.set_num_threads(1)
    sections = {
        "gradients": gradients.rows,
        "products": products.rows,
        "jacobians": jacobians.rows,
        "spectra": spectra.rows,
        "long_sequences": long_sequences.rows,
        "grid": grid.rows,
        "training": training.rows,
        "page": page.rows,
    }
    unknown = [name for name in wanted if name not in sections]
    if unknown:
        print(f"no section {', '.join(unknown)}; there are {', '.join(sections)}")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"one thread, alternating, medians; ratios count, milliseconds do not; load {load:.1f}")
    print(HEADER)
    for name, rows in sections.items():
        if not wanted or name in wanted:
            print(f"— {name}")
            for row in rows():
                print(row, flush=True)


if __name__ == "__main__":
    if any(os.environ.get(name) != value for name, value in ENVIRONMENT.items()):
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks", *sys.argv[1:]], {**os.environ, **ENVIRONMENT})
    main(sys.argv[1:])
