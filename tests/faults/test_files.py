"""Model files that are cut while they are in use, and files whose chat template means harm."""

import os
from pathlib import Path

import pytest

from tests.faults.site import Site
from tests.weights import gguf_maker, gguf_mutations
from tests.weights.gguf_mutations import Key

HARMFUL = {
    "endless": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "reaching": "{{ messages.__class__.__mro__[1].__subclasses__() }}",
}


def test_a_file_that_is_cut_while_it_is_loaded_is_told(open_site: Site) -> None:
    ann = open_site.add_model("cut")
    lost = ann.ask("Hello").begin()
    os.truncate(open_site.hearth.models / "cut.gguf", 100_000)
    assert lost.end().ending == "failed"
    told = ann.answer("Hello")
    assert told.ending in ("failed", "refused"), told.said
    assert open_site.ben.answer("Hello").ending == "finished"
    assert open_site.is_up()


@pytest.mark.parametrize("name", HARMFUL)
def test_a_template_that_means_harm_is_told_and_harms_nobody(name: str, open_site: Site) -> None:
    ann = open_site.add_model(name)
    with_template(open_site.hearth.models / f"{name}.gguf", HARMFUL[name])
    hostile = ann.ask("Hello", 8)
    assert open_site.ben.answer("Hello").ending == "finished"
    assert hostile.end().ending in ("failed", "refused")
    assert "template" in hostile.said
    assert "subclasses" not in hostile.said
    assert open_site.is_up()


def with_template(path: Path, template: str) -> None:
    """Give a model another chat template."""
    parts = gguf_mutations.take_apart(path)
    keys = [
        Key(key.name, key.kind, gguf_maker.text(template)) if key.name == "tokenizer.chat_template" else key
        for key in parts.keys
    ]
    path.write_bytes(gguf_mutations.Parts(tuple(keys), parts.tensors, parts.data).joined())
