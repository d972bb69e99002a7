"""The plan of a study as its folder describes it, for reports that need no images."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from keras_attn.data.dataset import Dataset
from keras_attn.study.facts import Facts
from keras_attn.study.grid import Group
from keras_attn.study.plan import Plan, versions
from keras_attn.study.question import Question
from keras_attn.study.store import Store
from keras_attn.study.training import Training


@dataclass(frozen=True)
class StoredPlan(Plan):
    """A plan without images.

    Attributes:
        stored: The content of `study.json`.
    """

    stored: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, store: Store) -> StoredPlan:
        """The plan of the study in a folder.

        Raises:
            ValueError: If the folder does not hold a study, or one of an earlier version, which did
                not store what a report needs.
        """
        stored = store.read()
        configuration = stored["configuration"]
        missing = [name for name in ("image_sets", "notes", "keys") if name not in stored]
        missing += [name for name in ("headline", "margin") if name not in configuration]
        if missing:
            raise ValueError(
                f"The study in {str(store.folder)!r} was made by an earlier version of keras-attn, "
                f"which did not store what a report needs ({', '.join(missing)}). Train it again "
                "with `keras-attn compare` in another folder, or give the scores in its "
                "results.csv to `keras_attn.test_scores`."
            )
        settings = {each.name for each in fields(Training)} & configuration.keys()
        return cls(
            datasets={},
            grid=store.grid(),
            backbone=configuration["backbone"],
            config=Training(**{name: configuration[name] for name in settings}),
            notes=tuple(stored["notes"]),
            question=Question(
                configuration["headline"],
                configuration["margin"],
                configuration.get("looks", 1),
                configuration.get("folds", 0),
            ),
            stored=stored,
        )

    def topology(self, text: str) -> str:
        """The keys of a variant alone, also of one whose code is not there."""
        return self.stored["keys"][text]

    def data(self, group: Group, seed: int = 0) -> Dataset:
        """There are no images.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            f"The folder of a study does not hold its images, here those of {group}: call "
            "`keras_attn.compare` with the data set and this folder as `output`; no trial that "
            "ended is trained again."
        )

    def facts(self, name: str) -> Facts:
        """What the folder says about an image set."""
        return Facts.from_dict(self.stored["image_sets"][name])

    def train_samples(self, group: Group) -> int:
        """The number of training images of a group."""
        sizes = zip(self.grid.groups, self.stored["train_samples"], strict=True)
        return dict(sizes)[group]

    def versions(self) -> dict[str, str]:
        """The versions that the trials were trained with."""
        return {name: self.stored["configuration"][name] for name in versions()}

    def configuration(self) -> dict[str, Any]:
        """Everything that stayed the same while the folder held trials."""
        return self.stored["configuration"]
