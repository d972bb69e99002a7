"""`medmnist-100`: the MedMNIST sets for 100 epochs.

    keras-attn compare breastmnist --protocol medmnist-100 --model resnet18 --topologies csa,csafa

Adam at 1e-3, batches of 128, the rate times 0.1 after 50 and 75 epochs, without augmentation. The
epoch with the best validation AUC is tested.

Time: a ResNet-18 takes 0.11 GPU hours per seed on PathMNIST, at a fifth of the peak of an A100 in
bfloat16, computed by `benchmarks.protocols`.

Source: the training settings of MedMNIST v2 (arXiv:2110.14795).
"""

from __future__ import annotations

from keras_attn.study.protocols.protocol import Protocol
from keras_attn.study.training import Training

MEDMNIST_100 = Protocol(
    name="medmnist-100",
    training=Training(
        epochs=100,
        batch_size=128,
        optimizer="adam",
        learning_rate=1e-3,
        weight_decay=0.0,
        schedule="steps",
        milestones=(50, 75),
        factor=0.1,
    ),
    source="MedMNIST v2, arXiv:2110.14795",
)
