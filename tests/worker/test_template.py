"""Chat templates as models bring them, friendly and hostile."""

import pytest

from app.worker.template import ChatTemplate, TemplateFailed

USER = {"role": "user", "content": "Hello"}
SYSTEM = {"role": "system", "content": "Be brief."}

ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ messages.__class__.__base__ }}",
    "{{ raise_exception.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.system('id') }}",
    "{{ self.__init__.__globals__ }}",
    "{{ '{0.__class__.__mro__}'.format(messages) }}",
    "{{ (messages|attr('__class__')).__name__ }}",
    "{{ strftime_now.__func__ }}",
    "{% set x = messages.append(1) %}",
    "{% set x = messages[0].update({'role': 'x'}) %}",
]
BROKEN = [
    "{{ 1 / 0 }}",
    "{{ missing.thing }}",
    "{{ messages[7].content }}",
    "{{ 'x' + 1 }}",
    "{% for i in range(10000000000) %}{% endfor %}",
    "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
]


def render(source: str, *messages: dict[str, str]) -> str:
    """With tokens that show."""
    return ChatTemplate(source, "<s>", "</s>").render(list(messages or (USER,)))


@pytest.mark.parametrize("source", ESCAPES)
def test_template_cannot_leave_the_sandbox(source: str) -> None:
    try:
        text = render(source)
    except TemplateFailed as failure:
        assert failure.code == "template_broken"
    else:
        assert not any(word in text for word in ("class", "object", "module", "uid=", "builtins"))


@pytest.mark.parametrize("source", BROKEN)
def test_template_that_breaks_says_so(source: str) -> None:
    with pytest.raises(TemplateFailed) as failure:
        render(source)
    assert failure.value.code == "template_broken"
    assert failure.value.detail


def test_template_that_is_no_jinja_is_refused_when_it_is_opened() -> None:
    with pytest.raises(TemplateFailed, match="template_broken"):
        ChatTemplate("{% for %}", "", "")


def test_template_that_writes_without_end_is_stopped() -> None:
    source = "{% for i in range(99999) %}{% for j in range(99999) %}{{ 'x' * 1000 }}{% endfor %}{% endfor %}"
    with pytest.raises(TemplateFailed, match="template_too_large"):
        render(source)


def test_blocks_leave_no_blank_lines_and_loop_controls_work() -> None:
    source = "{% for message in messages %}\n  {% if loop.index > 1 %}{% break %}{% endif %}\n{{ message.role }}\n"
    assert render(source + "{% endfor %}", USER, USER) == "user\n"


def test_template_has_what_authors_count_on() -> None:
    source = "{{ bos_token }}{{ messages | tojson }}{{ eos_token }}{{ strftime_now('%Y')[:2] }}{{ tools is none }}"
    content = {"role": "user", "content": "<b>'ü'"}
    assert render(source, content) == '<s>[{"role": "user", "content": "<b>\'ü\'"}]</s>20True'


def test_generation_marks_give_out_their_body() -> None:
    assert render("a{% generation %}b{{ messages[0].content }}{% endgeneration %}c") == "abHelloc"


def test_system_text_joins_the_first_user_where_its_role_is_refused() -> None:
    source = (
        "{% for message in messages %}{% if message.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "[{{ message.role }}]{{ message.content }}{% endfor %}"
    )
    assert render(source, SYSTEM, USER) == "[user]Be brief.\n\nHello"
    assert render(source, SYSTEM) == "[user]Be brief."


def test_system_text_joins_the_first_user_where_it_is_left_out_silently() -> None:
    source = "{% for m in messages if m.role != 'system' %}[{{ m.role }}]{{ m.content }}{% endfor %}"
    assert render(source, SYSTEM, USER) == "[user]Be brief.\n\nHello"


def test_refusal_that_is_not_about_the_system_role_is_told() -> None:
    with pytest.raises(TemplateFailed) as failure:
        render("{{ raise_exception('roles must alternate') }}", SYSTEM, USER)
    assert failure.value.code == "template_refused"
    assert "roles must alternate" in failure.value.detail
