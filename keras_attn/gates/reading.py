"""What the gates of a layer share while they read a map: its mask, and what they pooled of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from keras_attn.kernels import Tensor


class Reading:
    """The mask of the map that a layer reads, and every statistic that its gates have pooled.

    Several gates of a layer read the same statistics of the same map. Each is computed once per
    call of the layer.
    """

    def __init__(self) -> None:
        #: (B, *positions), False where a position is padding; None if there is no mask.
        self.mask: Tensor | None = None
        # Of each map that was pooled: the map, the axes, the gate it was under, the statistics.
        self._pooled: list[tuple[Tensor, tuple[int, ...], Tensor | None, dict[str, Tensor]]] | None
        self._pooled = None

    @contextmanager
    def of_one_call(self, mask: Tensor | None) -> Iterator[None]:
        """Keeps what is pooled inside, and forgets it afterwards."""
        self.mask, self._pooled = mask, []
        try:
            yield
        finally:
            self.mask = self._pooled = None

    def pooled(
        self,
        x: Tensor,
        axes: Sequence[int],
        pools: Sequence[str],
        under: Tensor | None,
        compute: Callable[[Sequence[str]], Sequence[Tensor]],
    ) -> list[Tensor]:
        """The statistics named `pools`; `compute` is called for those that are not known yet."""
        known = self._statistics_of(x, tuple(axes), under)
        missing = [name for name in pools if name not in known]
        if missing:
            known.update(zip(missing, compute(missing), strict=True))
        return [known[name] for name in pools]

    def _statistics_of(
        self, x: Tensor, axes: tuple[int, ...], under: Tensor | None
    ) -> dict[str, Tensor]:
        for each, its_axes, its_gate, statistics in self._pooled or ():
            if each is x and its_axes == axes and its_gate is under:
                return statistics
        new: dict[str, Tensor] = {}
        if self._pooled is not None:
            self._pooled.append((x, axes, under, new))
        return new
