"""The command `hearth`: what each word of it means. The work is in `app.commands`, a file per group."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands import bench, bench_chat, chat, doctor, files, model_options, models, output, people, serve

cli = typer.Typer(
    name="hearth",
    help="Your household's own chat assistant. Everything stays on this box.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
models_cli = typer.Typer(help="The models on this box.", no_args_is_help=True)
users_cli = typer.Typer(help="The people who may sign in.", no_args_is_help=True)
tokens_cli = typer.Typer(help="Tokens for programs that use the API.", no_args_is_help=True)
bench_cli = typer.Typer(help="Measurements.", no_args_is_help=True)
cli.add_typer(models_cli, name="models")
cli.add_typer(users_cli, name="users")
cli.add_typer(tokens_cli, name="tokens")
cli.add_typer(bench_cli, name="bench")

Password = Annotated[
    str | None, typer.Option(envvar="HEARTH_PASSWORD", help="Asked for when it is not given.", show_envvar=True)
]


def run() -> None:
    """The entry point of the `hearth` script."""
    with output.errors_told():
        cli()


@cli.command("serve")
def serve_command() -> None:
    """Start Hearth and keep it running. Settings come from HEARTH_* variables or hearth.toml."""
    serve.serve()


@cli.command("chat")
def chat_command(
    model: Annotated[str | None, typer.Argument(help="A GGUF file, or the name of a model. Default: the best.")] = None,
    url: Annotated[str | None, typer.Option(help="Chat with a running Hearth, such as http://127.0.0.1:7860.")] = None,
    token: Annotated[str | None, typer.Option(envvar="HEARTH_TOKEN", help="API token for --url.")] = None,
    temperature: Annotated[float, typer.Option(min=0.0, max=5.0, help="0: always the likeliest word.")] = 0.7,
) -> None:
    """Chat in the terminal, with a model of this box or with a running Hearth."""
    if url is None:
        chat.with_model(model, temperature)
    else:
        chat.with_server(url, token, model, temperature)


@cli.command("convert")
def convert_command(
    source: Annotated[Path, typer.Argument(help="A Hugging Face folder: config.json, tokenizer.json, safetensors.")],
    target: Annotated[Path, typer.Argument(metavar="OUTPUT.gguf", help="The file to write.")],
    output_type: Annotated[str, typer.Option("--type", help="f16, bf16 or f32.")] = "f16",
) -> None:
    """Turn a Hugging Face folder into a GGUF file."""
    files.convert(source, target, output_type)


@cli.command("quantize")
def quantize_command(
    source: Annotated[Path, typer.Argument(metavar="INPUT.gguf", help="A GGUF of type F16, BF16 or F32.")],
    target: Annotated[Path, typer.Argument(metavar="OUTPUT.gguf", help="The file to write.")],
    quantization: Annotated[str, typer.Option("--type", help="Q4_K_M, Q5_K_M, Q6_K, Q8_0 ...")] = "Q4_K_M",
) -> None:
    """Write a smaller copy of a GGUF file."""
    files.quantize(source, target, quantization)


@cli.command("doctor")
def doctor_command(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    root: Annotated[Path, typer.Option(help="Read /proc and /sys below this folder instead.")] = Path("/"),
) -> None:
    """Say what this box is and what will work on it."""
    doctor.doctor(as_json, root)


@models_cli.command("list")
def models_list_command() -> None:
    """List the models in the models folder."""
    models.show()


@models_cli.command("inspect")
def models_inspect_command(
    file: Annotated[Path, typer.Argument(help="A GGUF file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for programs.")] = False,
) -> None:
    """Say what is inside a GGUF file."""
    models.inspect(file, as_json)


@models_cli.command("options")
def models_options_command(
    name: Annotated[str, typer.Argument(help="The name of a model.")],
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", help="What to set; NAME= takes it back.")
    ] = None,
) -> None:
    """Show how a model is to run, and change it."""
    model_options.options(name, changes or [])


@users_cli.command("add")
def users_add_command(
    name: str, password: Password = None, admin: Annotated[bool, typer.Option(help="May administrate.")] = False
) -> None:
    """Make an account."""
    people.add(name, password, admin)


@users_cli.command("password")
def users_password_command(name: str, password: Password = None) -> None:
    """Give somebody a new password; it ends their sign-ins."""
    people.set_password(name, password)


@users_cli.command("list")
def users_list_command() -> None:
    """List the accounts."""
    people.show()


@tokens_cli.command("create")
def tokens_create_command(
    user: Annotated[str, typer.Option(help="Whose token it is.")],
    name: Annotated[str, typer.Option(help="What it is for, such as laptop.")],
) -> None:
    """Make an API token and print it once."""
    people.create_token(user, name)


@bench_cli.command("start")
def bench_start_command(rounds: Annotated[int, typer.Option(min=1, max=50)] = 3) -> None:
    """Measure the start and the idle memory of the server."""
    bench.start(rounds)


@bench_cli.command("chat")
def bench_chat_command(
    model: Annotated[str, typer.Option(help="A GGUF file, or random weights of a shape: tiny, 160M, 1B, 8B.")] = "160M",
    quantization: Annotated[str, typer.Option(help="Of random weights: Q4_K_M, Q8_0, F16 ...")] = "Q4_K_M",
    vocabulary: Annotated[str, typer.Option(help="Of random weights: 1k, 32k or 128k tokens.")] = "32k",
    cache: Annotated[Path | None, typer.Option(help="Where random weights are kept. Default: in ~/.cache.")] = None,
    streams: Annotated[str, typer.Option(help="Answers at the same time, separated by commas.")] = "1,4,8",
    rounds: Annotated[int, typer.Option(min=1, max=100)] = 9,
    tokens: Annotated[int, typer.Option(min=2, help="Tokens to write for each answer.")] = 128,
    prompt_tokens: Annotated[int, typer.Option(min=8, help="Tokens to read for each prompt.")] = 512,
    context: Annotated[int, typer.Option(min=256, help="Tokens that one chat may fill.")] = 4096,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0: Hearth chooses.")] = 0,
    peer: Annotated[str, typer.Option(help="An OpenAI-compatible server to measure in turn with ours.")] = "",
    peer_pid: Annotated[int, typer.Option(help="Its process on this machine, for its memory.")] = 0,
    neighbours: Annotated[int, typer.Option(min=0, max=64, help="Cores that other programs keep busy.")] = 0,
    returns: Annotated[int, typer.Option(min=0, help="Restarts after which a long chat goes on.")] = 3,
    returning_tokens: Annotated[int, typer.Option(min=8, help="Tokens of that chat.")] = 2000,
    interrupting_tokens: Annotated[int, typer.Option(min=0, help="Read so many while another answer is written.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Measure reading, writing and the first token over HTTP, alone or in turn with a peer."""
    plan = bench_chat.Plan(
        model=model,
        quantization=quantization,
        vocabulary=vocabulary,
        cache=cache,
        streams=bench_chat.streams_of(streams),
        rounds=rounds,
        num_tokens=tokens,
        prompt_tokens=prompt_tokens,
        context=context,
        threads=threads,
        peer_url=peer,
        peer_pid=peer_pid,
        neighbours=neighbours,
        returns=returns,
        returning_tokens=returning_tokens,
        interrupting_tokens=interrupting_tokens,
    )
    bench_chat.chat(plan, as_json)


if __name__ == "__main__":
    run()
