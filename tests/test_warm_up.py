"""What a server does beside everything else when it starts: find out how to compute, and load what is to be there."""

from pathlib import Path

import pytest

from app.commands import parts
from app.main import build_parts
from app.settings import Settings

pytestmark = pytest.mark.anyio


async def test_box_is_tried_and_models_are_loaded_before_anybody_asks(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, models_dir=tmp_path, preload=("hearth-guide", "unknown"))
    database = parts.database(settings)
    built = build_parts(settings, database, parts.library(settings))
    try:
        assert built.warm_up is not None
        await built.warm_up()
        assert [(model.name, model.state) for model in built.engine.loaded()] == [("hearth-guide", "ready")]
        assert (tmp_path / "probe.json").exists()
    finally:
        await built.engine.close()
        database.close()
