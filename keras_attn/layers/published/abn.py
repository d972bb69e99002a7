"""ABN: an attention branch that learns its map by classifying."""

from __future__ import annotations

from typing import Any, ClassVar

from keras import ops
from keras.saving import register_keras_serializable

from keras_attn.checks import check_whole_number
from keras_attn.gates import Gate
from keras_attn.gates.direct_call import called
from keras_attn.gates.parts import batch_normalization, dense, published_initializer, size
from keras_attn.kernels import Tensor, correlate, mean
from keras_attn.layers.base import AttentionLayer

Shape = tuple[int | None, ...]


@register_keras_serializable(package="keras_attn")
class ABN(AttentionLayer):
    """Attention branch network (ABN): a spatial mask, and the logits of the branch that made it.

        y = x · (1 + σ(BN(K relu(BN(D₁ BN(f))))))
        logits = mean D₂ relu(BN(D₁ BN(f)))

    D₁ (F -> num_classes) and D₂ (num_classes -> num_classes) are dense over the channels of each
    position, K a 3x3 convolution to one map, zero-padded; none has biases. The mean runs over
    the positions. BN has epsilon 1e-5 and momentum 0.9. f are the features of the branch: the
    authors run a copy of the network's next stage on x, with stride 1; without one, f = x.

    Trainable parameters: 2F + FK + 11K + K² + 2, with F channels in f and K classes.

    The branch learns only through a loss on its logits, of weight 1 beside that of the network:
    `keras_attn.attention_branch_network` builds a model with both.

    Fidelity:
        The authors' code is followed. Its pooling windows of a fixed size are means over all
        positions here, the same at the sizes they are made for. The paper's text also gives a
        form without the residual, y = x · M, and the authors' SENet version a map without a
        sigmoid; neither is here. Keras keeps the biased running variance, PyTorch the unbiased
        one.

    Args:
        num_classes: Number of classes of the branch.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, H, W, C), or (B, C, H, W) in channels_first.
        features: The branch's features, (B, H, W, F) or (B, F, H, W); x if None.

    Output shape: a pair, that of x and (B, num_classes).

    Raises:
        ValueError: If `num_classes` is not a positive integer; at build, if the channels are
            undefined, there are not two spatial axes, or the features have other positions.

    Source: arXiv:1812.10025.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import ABN
        >>> layer = ABN(num_classes=10)
        >>> attended, logits = layer(np.ones((2, 8, 8, 32), "float32"))
        >>> tuple(attended.shape), tuple(logits.shape)
        ((2, 8, 8, 32), (2, 10))
    """

    spatial_ranks: ClassVar = (2,)

    torch_names: ClassVar = {
        "branch.feature_normalization": "bn_att",
        "branch.projection": "att_conv",
        "branch.normalization": "bn_att2",
        "branch.classifier": "att_conv2",
        "branch.kernel": "att_conv3.weight",
        "branch.mask_normalization": "bn_att3",
    }

    def __init__(self, num_classes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_classes = check_whole_number("num_classes", num_classes, least=1)
        self.branch = self.add_gate(BranchGate, classes=num_classes, dtype=self.dtype_policy)

    def build(self, x_shape: Shape, features_shape: Shape | None = None) -> None:
        """Builds the branch for its features."""
        self._check_shape(x_shape)
        if features_shape is not None:
            self._check_shape(features_shape)
            self._check_positions(x_shape, features_shape)
        self.branch.build(features_shape or x_shape)

    def compute_gates(self, x: Tensor, features: Tensor | None = None) -> dict[str, Tensor]:
        """The mask of the branch."""
        mask, _ = self.branch(x if features is None else features)
        return {"spatial": mask}

    def attend(self, x: Tensor, spatial: Tensor) -> Tensor:
        """The map, and the map under its mask."""
        return self.times(x, 1 + spatial)

    def gates(self, x: Any, features: Any = None, mask: Any = None) -> dict[str, Tensor]:
        """The mask for input x and the branch's features, as the layer computes it in inference."""
        if features is None:
            return super().gates(x, mask)
        x, features = (ops.convert_to_tensor(each, self.compute_dtype) for each in (x, features))
        if not self.built:
            self.build(x.shape, features.shape)
        return self.compute_gates(x, features)

    def call(self, x: Tensor, features: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The attended map, and the logits of the branch."""
        with self._reading.of_one_call(mask=None):
            mask, logits = self.branch(x if features is None else features)
        return self.attend(x, spatial=mask), logits

    def compute_output_shape(
        self, x_shape: Shape, features_shape: Shape | None = None
    ) -> tuple[Shape, Shape]:
        """The shape of the map, and that of the logits."""
        return super().compute_output_shape(x_shape), (x_shape[0], self.num_classes)

    def macs(self, x_shape: tuple, features_shape: tuple | None = None) -> int:
        """Those of the branch on its features."""
        return self.branch.macs(x_shape if features_shape is None else features_shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "num_classes": self.num_classes}

    def _check_positions(self, x_shape: Shape, features_shape: Shape) -> None:
        axis = self.channel_axis(x_shape)
        lengths = zip(x_shape[1:], features_shape[1:], strict=True)
        for index, (ours, theirs) in enumerate(lengths, 1):
            if index != axis and None not in (ours, theirs) and ours != theirs:
                raise ValueError(
                    f"The features must have the height and width of the map, whose mask they "
                    f"make. Received: features of shape {tuple(features_shape)} for a map of shape "
                    f"{tuple(x_shape)}; run the branch with stride 1."
                )


class BranchGate(Gate):
    """The mask sigmoid(BN(K u)) and the logits mean(D2 u), with u = relu(BN(D1 BN(f))).

    Args:
        classes: How many maps u has.
        **kwargs: Arguments of `Gate`.

    Output: (B, H, W, 1), or (B, 1, H, W) in channels_first, and (B, classes).
    """

    def __init__(self, classes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.classes = classes

    def build(self, input_shape: Shape) -> None:
        """Makes the layers and their normalisations."""
        super().build(input_shape)
        shared = {"dtype": self.dtype_policy}
        unbiased = {"use_bias": False, **shared}
        self.feature_normalization = batch_normalization(self.channels, axes=2, **shared)
        self.projection = dense(self.classes, self.channels, **unbiased)
        self.normalization = batch_normalization(self.classes, axes=2, **shared)
        self.classifier = dense(self.classes, self.classes, **unbiased)
        self.kernel = self.add_weight(
            shape=(1, self.classes, 3, 3),
            initializer=published_initializer(9 * self.classes),
            name="kernel",
        )
        self.mask_normalization = batch_normalization(1, axes=2, **shared)

    def call(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The mask and the logits from the branch's features."""
        normalized = self.feature_normalization(self.channels_last(features))
        hidden = ops.relu(self.normalization(called(self.projection, normalized)))
        logits = ops.expand_dims(correlate(hidden, self.kernel), -1)
        mask = ops.sigmoid(self.mask_normalization(logits))
        classes = mean(called(self.classifier, hidden), (1, 2))
        return self.restored(mask, like=features), ops.cast(classes, features.dtype)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Every layer at every position."""
        kernels = self.projection.kernel, self.classifier.kernel, self.kernel
        return sum(map(size, kernels)) * self.positions(input_shape)
