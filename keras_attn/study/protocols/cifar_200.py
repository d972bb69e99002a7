r"""`cifar-200`: CIFAR-10 and CIFAR-100 for 200 epochs, as in the script by GAM's first author.

    keras-attn compare cifar100 --protocol cifar-200 --model resnet50 \
        --topologies se,bam,cbam,gam --select test

SGD at 0.1 with momentum 0.9 and weight decay 5e-4, batches of 128, the rate times 0.2 after 60,
120 and 160 epochs; random crops with 4 pixels of padding, mirrored left to right. The script
reports the best epoch on the test images, which `--select test` does too.

Time: a ResNet-50 takes 0.35 GPU hours per seed, and 2.1 with GAM, at a fifth of the peak of an A100
in bfloat16, computed by `benchmarks.protocols`.

Source: the training script that the first author of GAM (arXiv:2112.05561) published.
"""

from __future__ import annotations

from keras_attn.study.protocols.protocol import Protocol, decoupled
from keras_attn.study.training import Training

CIFAR_200 = Protocol(
    name="cifar-200",
    training=Training(
        epochs=200,
        batch_size=128,
        optimizer="sgd(momentum=0.9)",
        learning_rate=0.1,
        weight_decay=decoupled(5e-4, momentum=0.9),
        schedule="steps",
        milestones=(60, 120, 160),
        factor=0.2,
        shift=4,
        flip=True,
    ),
    source="the script by the first author of arXiv:2112.05561",
    difference="Its L2 penalty of 5e-4 is a decoupled weight decay of 5e-3 here.",
)
