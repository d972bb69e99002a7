"""Published training protocols under names, one file per protocol."""

from __future__ import annotations

from keras_attn.checks import check_choice
from keras_attn.study.protocols.cifar_200 import CIFAR_200
from keras_attn.study.protocols.medmnist_100 import MEDMNIST_100
from keras_attn.study.protocols.protocol import Protocol
from keras_attn.study.protocols.scsa_imagenet_100 import SCSA_IMAGENET_100
from keras_attn.study.protocols.study_default import DEFAULT

__all__ = ["PROTOCOLS", "Protocol", "find_protocol"]

#: Every protocol by its name.
PROTOCOLS = {each.name: each for each in (DEFAULT, CIFAR_200, MEDMNIST_100, SCSA_IMAGENET_100)}


def find_protocol(name: str) -> Protocol:
    """The protocol with a name.

    Raises:
        ValueError: If there is none.
    """
    check_choice("protocol", name, tuple(PROTOCOLS))
    return PROTOCOLS[name]
