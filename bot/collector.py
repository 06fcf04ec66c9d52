"""Python's collector of dead cycles, in a process that takes deliveries.

What starts such a process may switch the collector off while it loads; it goes on here.
"""

from __future__ import annotations

import gc

# Objects made before it looks again. Deliveries make thousands and no cycles; at Python's usual
# 700 it would look, in vain, at nearly every one of them.
_LOOK_AFTER = 3_000


def settle() -> None:
    """What is here now stays, and is not looked through again; only once in a process."""
    if not gc.get_freeze_count():
        gc.freeze()
    gc.set_threshold(_LOOK_AFTER)
    gc.enable()
