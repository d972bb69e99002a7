"""What a layer and its gates share of a map: its mask, and what they have computed of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from keras_attn import kernels
from keras_attn.kernels import Tensor


class Reading:
    """The mask of the map that a layer reads, and the statistics and products of it.

    Several gates of a layer read the same statistics of the same map, and where the backend shares
    products, the layer returns a product that a gate has read. Each is computed once per call of
    the layer.
    """

    def __init__(self) -> None:
        #: (B, *positions), False where a position is padding; None if there is no mask.
        self.mask: Tensor | None = None
        #: Whether the layer is being called, which Keras has prepared.
        self.is_of_call = False
        # Of each map that was pooled: the map, the axes, the gate it was under, the statistics.
        self._pooled: list[tuple[Tensor, tuple[int, ...], Tensor | None, dict[str, Tensor]]] | None
        self._pooled = None
        # Each map and gate that were multiplied, and their product.
        self._products: list[tuple[Tensor, Tensor, Tensor]] | None = None

    @contextmanager
    def of_one_call(self, mask: Tensor | None, is_of_call: bool = True) -> Iterator[None]:
        """Keeps what is computed inside, and forgets it afterwards."""
        self.mask, self._pooled, self._products, self.is_of_call = mask, [], [], is_of_call
        try:
            yield
        finally:
            self.mask = self._pooled = self._products = None
            self.is_of_call = False

    def product(self, x: Tensor, gate: Tensor) -> Tensor:
        """The map x * gate, for all that read it."""
        product = self._known_product(x, gate)
        if product is None:
            product = kernels.times(x, gate)
            if self._products is not None:
                self._products.append((x, gate, product))
        return product

    def times(self, x: Tensor, first: Tensor, *others: Tensor) -> Tensor:
        """The map x * first * ..., made of the product x * first if a gate has read that."""
        product = self._known_product(x, first)
        if product is None:
            return kernels.times(x, first, *others)
        return kernels.times(product, *others) if others else product

    def _known_product(self, x: Tensor, gate: Tensor) -> Tensor | None:
        for its_map, its_gate, product in self._products or ():
            if its_map is x and its_gate is gate:
                return product
        return None

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
