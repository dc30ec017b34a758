"""Who asked first stands first, however long it takes to look at the model's file."""

import asyncio

import pytest

from app.engine.events import ModelFile, Queued
from app.engine.memory_plan import Stamp
from tests.engine.party import STAYS, Scales, ask, pool_of

pytestmark = pytest.mark.anyio


class SlowDisk(Scales):
    """A disk that answers later questions sooner."""

    def __init__(self) -> None:
        super().__init__(slots=1)
        self.num_asked = 0

    async def read(self, model: ModelFile) -> Stamp | None:
        self.num_asked += 1
        for _ in range(max(0, 20 - 5 * self.num_asked)):
            await asyncio.sleep(0)
        return await super().read(model)


async def test_requests_stand_in_line_in_the_order_in_which_they_were_asked() -> None:
    async with pool_of(planner=SlowDisk(), slots=1) as pool:
        asked = [ask(pool, STAYS) for _ in range(4)]
        places = [await each.until(Queued) for each in asked[1:]]
        assert [place.position for place in places if isinstance(place, Queued)] == [1, 2, 3]
