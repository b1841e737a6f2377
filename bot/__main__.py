"""`tiller` and `python -m bot`: runs the command line; whatever goes wrong becomes one line and an exit code."""

import os
import sys
from collections.abc import Sequence

from typer import Abort, TyperException

from bot.cli import cli
from trading.errors import ConfigError, TradingError
from trading.instruments import trap_floats

DONE, FAILED, WRONG_USE = 0, 1, 2


def main() -> None:
    """The process: exits 0 when done, 1 when refused or failed, 2 on wrong usage or configuration."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; answers the exit code."""
    trap_floats()
    try:
        code = cli(list(arguments), prog_name="tiller", standalone_mode=False)
        sys.stdout.flush()
    except TyperException as why:
        return _wrong_use(why)
    except TradingError as why:
        # A taken port, or a bot that is not running, is no wrong setting: the same command works later.
        wrong = isinstance(why, ConfigError) and why.code not in ("PORT", "NO_BOT")
        return _fail(str(why), WRONG_USE if wrong else FAILED)
    except BrokenPipeError:
        # Whoever read our output has enough. Python would complain once more when it closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as why:
        return _fail(f"{why.filename or 'The system'}: {why.strerror or why}.", FAILED)
    except (KeyboardInterrupt, Abort):
        return FAILED
    # 130 is what an interrupted command answers.
    return FAILED if code == 130 else int(code or DONE)


def _wrong_use(why: TyperException) -> int:
    """One line, and where the right words are; nothing where the help was just shown."""
    text = " ".join(why.format_message().replace("Value error, ", "").split())
    if text:
        context = getattr(why, "ctx", None)
        _fail(f"{text.rstrip('.?')}. See: {context.command_path if context else 'tiller'} --help", WRONG_USE)
    return WRONG_USE


def _fail(text: str, code: int) -> int:
    sys.stderr.write(f"tiller: {text}\n")
    return code


if __name__ == "__main__":
    main()
