"""What a protocol is: a published way to train, as a configuration of the study."""

from __future__ import annotations

from dataclasses import dataclass, replace

from keras_attn.checks import check_whole_number
from keras_attn.study.training import Training


@dataclass(frozen=True)
class Protocol:
    """A published way to train, under a name.

    Attributes:
        name: What `--protocol` takes.
        training: The configuration.
        source: Where the settings were published.
        difference: How the training here differs from the published one; empty if it does not.
    """

    name: str
    training: Training
    source: str
    difference: str = ""

    def lasting(self, epochs: int | None) -> Training:
        """The configuration with another number of epochs, to which the milestones are scaled.

        Args:
            epochs: The number; None for that of the protocol.
        """
        named = replace(self.training, protocol=self.name)
        if epochs is None:
            return named
        share = check_whole_number("epochs", epochs, 1) / self.training.epochs
        milestones = tuple(round(each * share, 2) for each in self.training.milestones)
        return replace(named, epochs=epochs, milestones=milestones)

    @property
    def note(self) -> str:
        """What the report says about it."""
        note = f"The training follows the protocol {self.name!r} ({self.source})."
        return f"{note} {self.difference}" if self.difference else note


def decoupled(weight_decay: float, momentum: float) -> float:
    """The decoupled weight decay that acts like an L2 penalty under SGD with momentum.

    The penalty's gradient passes through the momentum, which sums it to 1 / (1 - momentum) times
    itself; Keras applies the decay to the weights at each step instead.
    """
    return weight_decay / (1 - momentum)
