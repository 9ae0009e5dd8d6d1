"""Where the things of a training go: all beside its checkpoint, under the checkpoint's name.

    runs/sam_lr0.1.safetensors     the model
    runs/sam_lr0.1.json            its card
    runs/sam_lr0.1.jsonl           the log, one line per validation
    runs/sam_lr0.1.png             the log, drawn
    runs/sam_lr0.1.resume          everything needed to go on, while the run lasts

Earlier work is replaced on request only, and a folder that cannot be written is found out before
the first step.
"""

from dataclasses import dataclass
from pathlib import Path

from ..checkpoint import checkpoint_path
from ..runtime.errors import RealSamError
from ..runtime.files import try_to_write
from ..runtime.tensor_file import unpack


@dataclass(frozen=True)
class Outputs:
    """The files of one training, and what may be done with those that are there already.

    Raises:
        RealSamError: the checkpoint is not named `….safetensors`.
    """

    checkpoint: Path
    command: str = ""  # what the user typed, for the card
    resume: bool = False  # go on from the resume file
    overwrite: bool = False  # replace what an earlier run left
    keep_weights: bool = True  # False: a log and no checkpoint

    def __post_init__(self):
        object.__setattr__(self, "checkpoint", checkpoint_path(self.checkpoint))

    def _beside(self, suffix: str) -> Path:
        """The checkpoint's name with another suffix; dots inside of the name stay."""
        stem = self.checkpoint.name.removesuffix(".safetensors")
        return self.checkpoint.with_name(stem + suffix)

    @property
    def card(self) -> Path:
        """What there is to say about the model, JSON."""
        return self._beside(".json")

    @property
    def log(self) -> Path:
        """One line of JSON per validation."""
        return self._beside(".jsonl")

    @property
    def picture(self) -> Path:
        """The log, drawn."""
        return self._beside(".png")

    @property
    def resume_file(self) -> Path:
        """Everything that an interrupted run needs to go on."""
        return self._beside(".resume")

    def _kept(self) -> list[Path]:
        """What a finished run leaves."""
        return [self.checkpoint, self.card, self.log, self.picture] if self.keep_weights else []

    def claim(self) -> None:
        """Make sure, before anything is learnt, that the run may write its files and can.

        Raises:
            RealSamError: an earlier run is there, stopped or finished; two of the files are one; or
                they cannot be written.
        """
        files = [*self._kept(), self.log, self.resume_file]
        if not (self.resume or self.overwrite):
            self._refuse_earlier_work()
        targets: dict[Path, Path] = {}
        for file in dict.fromkeys(files):
            other = targets.setdefault(file.resolve(), file)
            if other != file:
                raise RealSamError(
                    f"{other} and {file} are one file by a link; choose another --out."
                )
            try_to_write(file)

    def _refuse_earlier_work(self) -> None:
        if self.resume_file.exists():
            raise RealSamError(
                f"A run that was stopped waits in {self.resume_file}; add --resume to go on with "
                "it, --overwrite to begin anew in its place, or choose another --out."
            )
        there = next((file for file in [*self._kept(), self.log] if file.exists()), None)
        if there is not None:
            raise RealSamError(
                f"{there} is there already, from a run that --resume cannot go on with; choose "
                "another --out, or add --overwrite to replace it."
            )

    def begun_precision(self) -> str | None:
        """Return the precision of the run that is to be resumed; None if there is none."""
        if not (self.resume and self.resume_file.is_file()):
            return None
        return unpack(self.resume_file)[1].get("config", {}).get("precision")
