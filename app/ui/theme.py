"""Colours and fonts that Gradio's own parts take; ours are in `static/page.css`. Only fonts that the system has."""

import gradio as gr

SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Noto Sans", "PingFang SC", "Noto Sans CJK SC")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono")


def theme() -> gr.themes.Base:
    """The Hearth theme for Gradio."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.orange,
        neutral_hue=gr.themes.colors.stone,
        font=[gr.themes.Font(name) for name in (*SANS, "sans-serif")],
        font_mono=[gr.themes.Font(name) for name in (*MONO, "monospace")],
    ).set(
        body_background_fill="var(--hearth-paper)",
        body_background_fill_dark="var(--hearth-paper)",
        body_text_color="var(--hearth-ink)",
        body_text_color_dark="var(--hearth-ink)",
        body_text_color_subdued="var(--hearth-faint)",
        body_text_color_subdued_dark="var(--hearth-faint)",
        color_accent="var(--hearth-ember)",
        link_text_color="var(--hearth-ember)",
        link_text_color_dark="var(--hearth-ember)",
        link_text_color_hover="var(--hearth-ember)",
        link_text_color_visited="var(--hearth-ember)",
        border_color_primary="var(--hearth-line)",
        border_color_primary_dark="var(--hearth-line)",
        code_background_fill="var(--hearth-code)",
        code_background_fill_dark="var(--hearth-code)",
    )
