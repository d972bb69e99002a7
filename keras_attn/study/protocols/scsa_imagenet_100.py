r"""`scsa-imagenet-100`: 100 epochs, as SCSA's authors train on ImageNet-1K.

    keras-attn compare PATH --protocol scsa-imagenet-100 --model keras.applications:ResNet50 \
        --size 224 --variants scsa_synergistic --dtype mixed_bfloat16

SGD at 0.05 with weight decay 1e-4, batches of 128, the rate times 0.1 after 30, 60 and 90 epochs;
mirrored left to right.

Time: a ResNet-50 takes 14 GPU hours per seed, at a fifth of the peak of an A100 in
bfloat16, computed by `benchmarks.protocols`.

Source: the training settings of SCSA (arXiv:2407.05128).
"""

from __future__ import annotations

from keras_attn.study.protocols.protocol import Protocol, decoupled
from keras_attn.study.training import Training

SCSA_IMAGENET_100 = Protocol(
    name="scsa-imagenet-100",
    training=Training(
        epochs=100,
        batch_size=128,
        optimizer="sgd(momentum=0.9)",
        learning_rate=0.05,
        weight_decay=decoupled(1e-4, momentum=0.9),
        schedule="steps",
        milestones=(30, 60, 90),
        factor=0.1,
        flip=True,
    ),
    source="arXiv:2407.05128",
    difference="Its L2 penalty of 1e-4 is a decoupled weight decay of 1e-3 here, and images are "
    "resized as a whole instead of cropped at random.",
)
