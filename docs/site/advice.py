"""When to use each layer, when not to, and what to try in its place."""

from __future__ import annotations

from typing import NamedTuple

from keras_attn import catalogue


class Advice(NamedTuple):
    """What a reader who chooses wants to know; it rests on the formula, not on measured gains.

    Attributes:
        use: When it suits.
        avoid: When it does not.
        alternatives: Keys of similar layers.
    """

    use: str
    avoid: str
    alternatives: tuple[str, ...]


ADVICE = {
    "ca": Advice(
        "You want to weigh channels alone, and the pooled maximum may matter beside the mean.",
        "Where something is in the image matters: all positions of a channel get one number.",
        ("se", "eca", "csa"),
    ),
    "sa": Advice(
        "You want to weigh positions at almost no cost: 98 parameters for any number of channels.",
        "Channels differ in importance: all channels of a position get one number.",
        ("ca", "csa", "scse"),
    ),
    "csa": Advice(
        "You want the usual combination to start from. It has the order of CBAM without a "
        "normalisation in the spatial gate.",
        "Every millisecond counts: the gates run one after the other, so the map is read twice.",
        ("cbam", "sca", "csa2"),
    ),
    "sca": Advice(
        "Your classes differ in details: the paper claims that this order suits them.",
        "You want a benefit that was tested: this project's studies showed none over `csa`.",
        ("csa", "scsa_topology", "bicsa"),
    ),
    "csca": Advice(
        "You want to weigh channels again after positions have been weighed.",
        "The network is small or slow to run: it has three gates in a row.",
        ("csa", "bicsa", "scsa_topology"),
    ),
    "scsa_topology": Advice(
        "You want to weigh positions before and after channels.",
        "You look for the SCSA of arXiv:2407.05128, which is the key `scsa_synergistic`.",
        ("sca", "csca", "scsa_synergistic"),
    ),
    "csa2": Advice(
        "You want both gates to read the same map, with a fixed rule and nothing more to learn.",
        "One gate should be able to close a position or channel: the average lets half pass.",
        ("csafa", "csa", "scse"),
    ),
    "csafa": Advice(
        "You want the training to decide how much each gate counts, for one more parameter. The "
        "paper claims that it suits 1,000 to 50,000 images.",
        "The best share differs from image to image: it is the same for all.",
        ("csa2", "gcsa2", "bicsafa"),
    ),
    "bicsa": Advice(
        "You do not want to choose between the two orders of the gates.",
        "Time matters: it computes four gates, and it is among the slowest topologies.",
        ("csa", "sca", "bicsafa"),
    ),
    "bicsafa": Advice(
        "You want both orders, and a learned share of the input for each channel.",
        "Time or parameters matter: it is among the slowest topologies, with twice the parameters "
        "of CSA.",
        ("bicsa", "csafa", "arcsa"),
    ),
    "gcsa2": Advice(
        "Images differ in which gate they need: the shares are computed from each image. The paper "
        "claims that it suits more than 50,000 images.",
        "There are few images: the shares are one more thing to learn.",
        ("tgpfa", "csafa", "csa2"),
    ),
    "tgpfa": Advice(
        "Some images may need no attention: the input itself is one of the three paths.",
        "There are few images: the shares are one more thing to learn.",
        ("gcsa2", "grcsa", "csafa"),
    ),
    "rcsa": Advice(
        "The network is deep or trained already: the input is added, so gradients reach it whole.",
        "Attention should be able to remove something: the output contains the whole input.",
        ("arcsa", "grcsa", "csa"),
    ),
    "arcsa": Advice(
        "You want a learned share of the input, one number for the whole layer.",
        "The best share differs from image to image.",
        ("rcsa", "grcsa", "csa"),
    ),
    "grcsa": Advice(
        "You want a share of the input that is computed from each image.",
        "There are few images, or parameters matter: it has 1.5 times those of CSA.",
        ("arcsa", "rcsa", "tgpfa"),
    ),
    "cmssa": Advice(
        "Objects have several sizes, and there are few images: the paper claims that it suits "
        "fewer than 1,000.",
        "Maps are smaller than the kernels of 3 to 7: then the scales hardly differ.",
        ("ccmssa", "mscsa", "csa"),
    ),
    "mscsa": Advice(
        "You want several bottlenecks for the channels and the network is wide.",
        "Parameters matter: it has eight times those of CSA for 256 channels.",
        ("cmssa", "csca", "csa"),
    ),
    "ccmssa": Advice(
        "You want to narrow down positions from coarse to fine, with few parameters.",
        "Time matters: three spatial gates run one after the other.",
        ("cmssa", "csa", "scsa_topology"),
    ),
    "ga": Advice(
        "You want a channel gate from the mean alone, without biases.",
        "You want what most people mean by squeeze-and-excitation: that is `se`.",
        ("se", "eca", "ca"),
    ),
    "se": Advice(
        "You want the best-known channel gate, with much published experience.",
        "Parameters matter (`eca` has a few), or positions do.",
        ("eca", "ca", "fca"),
    ),
    "eca": Advice(
        "You want a channel gate that costs almost nothing: a kernel of a few numbers.",
        "Channels far apart have to be weighed together: each sees its neighbours alone.",
        ("se", "ca", "nam"),
    ),
    "cbam": Advice(
        "You want to repeat published results, or load published weights, with both gates.",
        "Batches are very small: its spatial gate has a batch normalisation. `csa` has none.",
        ("csa", "bam", "scse"),
    ),
    "bam": Advice(
        "You want few layers of attention: its authors put one after each stage.",
        "You put it into every block: its dilated convolutions read the whole map.",
        ("cbam", "csa2", "abn"),
    ),
    "gam": Advice(
        "Accuracy matters more than size, and every value should have its own weight.",
        "Parameters or time matter: it has dozens of times those of CSA. `groups` saves some.",
        ("cpca", "cbam", "simam"),
    ),
    "scsa_synergistic": Advice(
        "Positions along rows and columns matter, and channels should attend to each other.",
        "Inputs are signals or volumes, or channels are not a multiple of four.",
        ("coordinate", "ela", "cpca"),
    ),
    "triplet": Advice(
        "You want to relate channels to rows and columns with 300 parameters.",
        "Inputs are signals or volumes.",
        ("coordinate", "csa", "simam"),
    ),
    "abn": Advice(
        "You want a map that explains the decision, trained with a loss of its own.",
        "You want a layer to put anywhere: it has two outputs and belongs to a classifier.",
        ("bam", "sa", "csa"),
    ),
    "coordinate": Advice(
        "The place along rows and columns matters, as in detection and on mobile devices.",
        "Inputs are signals or volumes, or objects may be turned by any angle.",
        ("ela", "triplet", "scsa_synergistic"),
    ),
    "scse": Advice(
        "You segment images: it was published for encoder-decoder networks.",
        "You want a gate map and values may be negative: the sign decides which product it takes.",
        ("csa2", "csa", "cbam"),
    ),
    "simam": Advice(
        "You want attention without parameters.",
        "Time matters: it reads the whole map several times for each layer.",
        ("nam", "eca", "gam"),
    ),
    "ema": Advice(
        "You want positions weighed separately for groups of channels, with few parameters.",
        "Channels are not a multiple of the groups, or inputs are signals or volumes.",
        ("coordinate", "shuffle", "scsa_synergistic"),
    ),
    "ela": Advice(
        "You want strips of rows and columns, as in coordinate attention, with fewer parameters.",
        "Inputs are signals or volumes.",
        ("coordinate", "scsa_synergistic", "eca"),
    ),
    "cpca": Advice(
        "You segment images and can pay for convolutions of several sizes in every layer.",
        "Time matters: its depthwise convolutions read the whole map many times.",
        ("gam", "scsa_synergistic", "cbam"),
    ),
    "shuffle": Advice(
        "You want both kinds of gates with a dozen parameters.",
        "You insert it into a trained network: it changes the order of the channels.",
        ("eca", "scse", "ema"),
    ),
    "fca": Advice(
        "Texture matters: it pools other frequencies of the map beside the mean.",
        "Inputs are signals or volumes.",
        ("se", "ca", "eca"),
    ),
    "nam": Advice(
        "You want channels weighed by the scales of a normalisation, two parameters per channel.",
        "Batches are very small: it normalises over the batch.",
        ("eca", "simam", "se"),
    ),
}


def advice(key: str) -> str:
    """The lines of a layer's page."""
    found = ADVICE[key]
    others = ", ".join(
        f"[{catalogue.describe(other).title}]({other}.md)" for other in found.alternatives
    )
    return (
        f"* **Use it when:** {_lower(found.use)}\n"
        f"* **Choose another when:** {_lower(found.avoid)}\n"
        f"* **Similar layers:** {others}.\n\n"
        "This follows from the formula. Whether it helps on your images is for "
        "[a comparison](../how-to/own-model.md) to say.\n"
    )


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]
