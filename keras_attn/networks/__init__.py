"""Whole networks with attention in its published places, and published checkpoints of them."""

from keras_attn.networks.create import create, list_networks
from keras_attn.networks.design import Attention, Design
from keras_attn.networks.from_torch import from_torch
from keras_attn.networks.retinanet import retinanet
from keras_attn.networks.unet import unet

__all__ = ["Attention", "Design", "create", "from_torch", "list_networks", "retinanet", "unet"]
