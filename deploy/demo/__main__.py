import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from deploy.demo.narrator import ClaimFailed, Narrator
from deploy.demo.stage import Stage
from deploy.demo.story import tell
from deploy.demo.world import World
from deploy.local.clean import remove_data
from deploy.local.migrate import say
from deploy.machine.errors import LocalError
from deploy.migrate import ROOT
from deploy.roles import CannotPrepare


def main() -> int:
    parser = argparse.ArgumentParser(prog="demo", description="Play the renewal story.")
    parser.add_argument("--state", type=Path, default=ROOT / ".tenure" / "demo")
    state_dir = parser.parse_args().state.resolve()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    story = Narrator()
    try:
        stage = Stage(state_dir)
        try:
            world = World.of(stage, stage.start(), story)
            asyncio.run(_play(stage, world))
        finally:
            _leave(stage)
    except KeyboardInterrupt:
        return 130
    except ClaimFailed as failure:
        print(f"\n{failure}\n\nThe logs are in {state_dir / 'logs'}.", file=sys.stderr)
        return 1
    except (LocalError, CannotPrepare) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    remove_data(state_dir)
    print(f"\nAll {story.claims} claims hold. {story.seconds:.0f} s.")
    return 0


async def _play(stage: Stage, world: World) -> None:
    watching = asyncio.create_task(stage.keep_running())
    telling = asyncio.create_task(tell(world))
    try:
        await asyncio.wait({watching, telling}, return_when=asyncio.FIRST_COMPLETED)
        for ended in (watching, telling):
            if ended.done():
                ended.result()
    finally:
        for task in (watching, telling):
            task.cancel()
        await asyncio.gather(watching, telling, return_exceptions=True)
        await world.close()


def _leave(stage: Stage) -> None:
    """No process stays, however the story ended."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    say("stopping")
    with contextlib.suppress(KeyboardInterrupt):
        stage.stop()


if __name__ == "__main__":
    sys.exit(main())
