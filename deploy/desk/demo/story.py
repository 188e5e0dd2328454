"""The seven points of the story, in order."""

from deploy.desk.demo.chapters import (
    deciding,
    entering,
    hearing,
    pulling,
    segmenting,
    sending,
)
from deploy.desk.demo.world import World


async def tell(world: World) -> None:
    await pulling.play(world)
    await segmenting.play(world)
    await entering.play(world)
    await sending.play(world)
    await hearing.play(world)
    await deciding.play(world)
