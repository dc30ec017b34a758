"""Where a chat was cut for the model, and the summary that stands in for what was left out. Values only."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.store.tables import MessageTable, ReplyTable, SummaryTable


@dataclass(frozen=True, slots=True)
class Summary:
    """What the model wrote about the messages behind `after_id` (None: from the first one on) up to `until_id`."""

    id: str
    after_id: str | None
    until_id: str
    text: str

    @classmethod
    def of(cls, row: SummaryTable) -> "Summary":
        """As it is stored."""
        return cls(row.id, row.after_id, row.until_id, row.text)


@dataclass(frozen=True, slots=True)
class Cut:
    """What is left out of a path: the messages behind `after_id` (None: from the first one on) up to `until_id`."""

    after_id: str | None
    until_id: str
    summary: Summary | None = None


@dataclass(frozen=True, slots=True)
class CutView:
    """A cut as people see it. Of the `num_messages` that are left out, `num_summarised` are told in the summary."""

    after_message_id: str | None
    until_message_id: str
    num_messages: int
    num_summarised: int
    summary: str


def cut_of(reply: ReplyTable, summaries: Sequence[SummaryTable]) -> Cut | None:
    """How the prompt of a reply was cut; None when all was read."""
    if reply.cut_until_id is None:
        return None
    row = next((each for each in summaries if each.id == reply.summary_id), None)
    return Cut(reply.cut_after_id, reply.cut_until_id, Summary.of(row) if row else None)


def newest_summary(path: Sequence[MessageTable], summaries: Sequence[SummaryTable]) -> Summary | None:
    """The one that reaches furthest along this path; of several, the newest."""
    places = {message.id: place for place, message in enumerate(path)}
    here = [row for row in summaries if row.until_id in places]
    best = max(here, key=lambda row: (places[row.until_id], row.created_at), default=None)
    return Summary.of(best) if best else None


def cut_view(path: Sequence[MessageTable], cut: Cut) -> CutView:
    """The cut with its numbers; `path` leads through all that was left out."""
    places = {message.id: place for place, message in enumerate(path)}
    first = 0 if cut.after_id is None else places[cut.after_id] + 1
    behind = places[cut.until_id] + 1
    num_summarised = 0
    if cut.summary is not None:
        since = 0 if cut.summary.after_id is None else places.get(cut.summary.after_id, behind) + 1
        until = places.get(cut.summary.until_id, -1) + 1
        num_summarised = max(0, min(until, behind) - max(since, first))
    text = cut.summary.text if cut.summary is not None and num_summarised else ""
    return CutView(cut.after_id, cut.until_id, behind - first, num_summarised, text)
