"""The seven points of the story, in order, what becomes of it all, and of one customer."""

from deploy.demo.chapters import (
    deciding,
    entering,
    hearing,
    partnering,
    pulling,
    quarter,
    segmenting,
    sending,
)
from deploy.demo.world import World
from deploy.demo_health import usage


async def tell(world: World) -> None:
    await pulling.play(world)
    await segmenting.play(world)
    await partnering.subscribe(world)
    await entering.play(world)
    await sending.play(world)
    await partnering.goes_down(world)
    await hearing.play(world)
    await deciding.play(world)
    await partnering.play(world)
    await quarter.play(world)
    await usage.play(world)
