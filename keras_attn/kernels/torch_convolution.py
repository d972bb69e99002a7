"""A convolution that torch.compile does not look into.

The layout optimisation of torch.compile takes every four-dimensional array that leads to a
convolution for a batch of channels_first images, and copies it into channels_last: a map that is
channels_last already ends up in an order of axes that suits no loop. The compiler does not look
into a custom operation, so the convolution is one. (A model that is exported needs the convolution
itself.)
"""

from __future__ import annotations

from typing import Any

import torch

from keras_attn.kernels.torch_compiled import is_compiled

CONVOLUTIONS = {
    1: torch.nn.functional.conv1d,
    2: torch.nn.functional.conv2d,
    3: torch.nn.functional.conv3d,
}


def zero_padded_convolution(maps: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    """(B, n, *positions), (m, n, *kernel) -> (B, m, *positions); zero-padded, odd kernels."""
    if is_compiled():
        return _opaque_convolution(maps, kernels)
    return _convolution(maps, kernels)


def _convolution(maps: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    return CONVOLUTIONS[kernels.ndim - 2](maps, kernels, padding=_margins(kernels))


def _margins(kernels: torch.Tensor) -> list[int]:
    return [size // 2 for size in kernels.shape[2:]]


@torch.library.custom_op("keras_attn::convolution", mutates_args=())
def _opaque_convolution(maps: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    return _convolution(maps, kernels).contiguous()


@_opaque_convolution.register_fake
def _(maps: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    return maps.new_empty((maps.shape[0], kernels.shape[0], *maps.shape[2:]))


@torch.library.custom_op("keras_attn::convolution_gradients", mutates_args=())
def _gradients(
    upstream: torch.Tensor, maps: torch.Tensor, kernels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    ones = [1] * (kernels.ndim - 2)
    by_maps, by_kernels, _ = torch.ops.aten.convolution_backward(
        upstream,
        maps,
        kernels,
        None,
        ones,
        _margins(kernels),
        ones,
        False,
        [0] * len(ones),
        1,
        [True, True, False],
    )
    return by_maps.contiguous(), by_kernels.contiguous()


@_gradients.register_fake
def _(
    upstream: torch.Tensor, maps: torch.Tensor, kernels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    return maps.new_empty(maps.shape), kernels.new_empty(kernels.shape)


def _keep(ctx: Any, inputs: tuple[torch.Tensor, torch.Tensor], output: torch.Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return _gradients(upstream, *ctx.saved_tensors)


_opaque_convolution.register_autograd(_backward, setup_context=_keep)
