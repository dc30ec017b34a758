"""One thing that `hearth doctor` looked at."""

from dataclasses import dataclass, field

from app.commands import output
from app.errors import Param
from app.words.say import say


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` is a key of `app.words`, `params` also what `--json` gives; `level` is ok, warning or bad."""

    level: str
    code: str
    params: dict[str, Param] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The finding for people."""
        return say(self.code, self.params, output.language())
