"""What topologies share: a channel gate and a spatial gate, which can be any of their kind."""

from __future__ import annotations

from typing import Any, ClassVar

from keras_attn.arguments import constructor_arguments
from keras_attn.gates.specification import GateSpecification, specification
from keras_attn.gates.table import CHANNEL, SPATIAL
from keras_attn.layers.base import AttentionLayer


class GatedLayer(AttentionLayer):
    """A layer whose channel and spatial gates are specified by name.

    A gate other than the study's has its own arguments: `channel="se(reduction=8)"`.

    Args:
        channel: Channel gate, as for `keras_attn.gates.specification.specification`.
        spatial: Spatial gate, likewise.
        **kwargs: Arguments of `AttentionLayer`: `data_format`, `name`, `dtype`.
    """

    #: Arguments that also reach other parts than the study's own gates.
    used_elsewhere: ClassVar[tuple[str, ...]] = ()

    def __init__(self, channel: Any = CHANNEL, spatial: Any = SPATIAL, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.specifications = {
            "channel": specification("channel", channel),
            "spatial": specification("spatial", spatial),
        }

    def new_gate(self, kind: str, scale: dict[str, Any] | None = None, **own: Any) -> Any:
        """A new gate of a kind.

        Args:
            kind: `"channel"` or `"spatial"`.
            scale: Arguments of one of several scales, for any gate that takes them.
            **own: Arguments of the topology, which are those of the study's own gate.
        """
        given = self.specifications[kind]
        if not given.is_own:
            self._check_unused(given, own)
            own = {}
        return self.add_named_gate(given, **own, **(scale or {}))

    def specified(self, kind: str) -> dict[str, Any]:
        """The configuration of a gate."""
        given: GateSpecification = self.specifications[kind]
        return {kind: given.serialized}

    def _check_unused(self, given: GateSpecification, own: dict[str, Any]) -> None:
        """Refuses an argument of the topology that nothing would read."""
        parameters = constructor_arguments(type(self))
        for name, value in own.items():
            if name not in self.used_elsewhere and value != parameters[name].default:
                raise ValueError(
                    f"`{name}` is an argument of the gate {given.own_key!r}, and the {given.kind} "
                    f"gate is {given.title}. Give the gate its own arguments, as in "
                    f"{given.kind}='{given.key}(argument=value)'. Received: {name}={value!r}."
                )

    @property
    def described(self) -> str:
        """The class, and the gates that are not the study's own."""
        given = [
            f"{kind}={each.title}" for kind, each in self.specifications.items() if not each.is_own
        ]
        name = type(self).__name__
        return f"{name} with {' and '.join(given)}" if given else name


class Topology(GatedLayer):
    """A layer over a channel gate c (`self.channel`) and a spatial gate s (`self.spatial`).

    Args:
        reduction: Ratio of the channels to the units of the bottlenecks, which have
            max(8, floor(C / reduction)).
        kernel_size: Odd side of the spatial gate's kernel.
        channel: Channel gate.
        spatial: Spatial gate.
        **kwargs: Arguments of `AttentionLayer`: `data_format`, `name`, `dtype`.
    """

    torch_names: ClassVar = {"channel": "ca", "spatial": "sa"}

    def __init__(
        self,
        reduction: float = 16,
        kernel_size: int = 7,
        channel: Any = CHANNEL,
        spatial: Any = SPATIAL,
        **kwargs: Any,
    ) -> None:
        super().__init__(channel=channel, spatial=spatial, **kwargs)
        self.reduction = reduction
        self.kernel_size = kernel_size
        self.add_gates()

    def add_gates(self) -> None:
        """Adds a gate of each kind; a topology with more gates adds them after these."""
        self.channel = self.new_channel()
        self.spatial = self.new_spatial()

    def new_channel(self) -> Any:
        """A channel gate with weights of its own."""
        return self.new_gate("channel", reduction=self.reduction)

    def new_spatial(self) -> Any:
        """A spatial gate with weights of its own."""
        return self.new_gate("spatial", kernel_size=self.kernel_size)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "reduction": self.reduction,
            "kernel_size": self.kernel_size,
            **self.specified("channel"),
            **self.specified("spatial"),
        }
