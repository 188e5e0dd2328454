from accounts_api.segments import telling
from shared.worker import Loop


def telling_loop() -> Loop:
    return Loop("segments that tell later", telling.step, every=1.0)
