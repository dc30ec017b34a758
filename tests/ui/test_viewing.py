"""Who may draw on a page."""

import asyncio

import pytest

from app.ui.viewing import PAGES_REMEMBERED, Viewing

pytestmark = pytest.mark.anyio


async def test_newer_look_at_a_page_ends_the_one_before() -> None:
    viewing = Viewing()
    async with viewing.look("page", 1) as first:
        newer = asyncio.create_task(_look(viewing, "page", 2))
        await asyncio.wait_for(first.left.wait(), 5)
        assert not first.is_current
        assert not newer.done()
    assert await asyncio.wait_for(newer, 5)


async def test_look_that_was_asked_for_earlier_comes_too_late() -> None:
    viewing = Viewing()
    async with viewing.look("page", 2) as newer:
        assert not await _look(viewing, "page", 1)
        assert newer.is_current


async def test_pages_do_not_disturb_each_other() -> None:
    viewing = Viewing()
    async with viewing.look("page", 1) as first, viewing.look("another", 1) as second:
        assert first.is_current
        assert second.is_current


async def test_pages_of_long_ago_are_forgotten() -> None:
    viewing = Viewing()
    assert await _look(viewing, "old", 9)
    for number in range(PAGES_REMEMBERED):
        assert await _look(viewing, f"page {number}", 1)
    assert await _look(viewing, "old", 1)


async def _look(viewing: Viewing, session: str, turn: int) -> bool:
    async with viewing.look(session, turn) as look:
        return look.is_current
