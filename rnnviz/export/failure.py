"""Why an export could not be made: `export.error.<reason>` says it in the reader's language, with `detail` filled in."""

from __future__ import annotations

from typing import Literal

Reason = Literal["no_browser", "browser_failed", "no_korean_font", "not_written", "not_read"]


class CannotExport(RuntimeError):
    """Nothing is wrong with the experiment; this machine cannot make or keep the file."""

    def __init__(self, reason: Reason, **detail: str):
        self.reason: Reason = reason
        self.detail = detail
        parts = ", ".join(f"{name} = {value}" for name, value in detail.items())
        super().__init__(f"cannot export: {reason}" + (f" ({parts})" if parts else ""))
