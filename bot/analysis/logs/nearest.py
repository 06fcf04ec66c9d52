"""Which lines to keep where not all can be: those nearest in time, outwards."""

from __future__ import annotations

from collections.abc import Sequence


def nearest(
    times: Sequence[float], sizes: Sequence[int], at: float, *, room: int, most: int
) -> tuple[int, int]:
    """The stretch [first, last) around `at` whose sizes fit into `room`; never more than `most`.

    `times` rise. One is always kept, whatever its size.
    """
    if not times:
        return 0, 0
    first = min(range(len(times)), key=lambda place: abs(times[place] - at))
    last = first + 1
    room -= sizes[first]
    while last - first < most and (first > 0 or last < len(times)):
        takes_later = last < len(times) and (
            first == 0 or times[last] - at <= at - times[first - 1]
        )
        room -= sizes[last if takes_later else first - 1]
        if room < 0:
            break
        if takes_later:
            last += 1
        else:
            first -= 1
    return first, last
