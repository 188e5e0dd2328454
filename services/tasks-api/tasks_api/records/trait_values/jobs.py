from functools import partial

from shared.worker import Loop
from tasks_api.records.trait_values import service
from tasks_api.records.trait_values.service import Kinds


def conversion_loop(kinds: Kinds) -> Loop:
    return Loop("trait-values", partial(service.step, kinds=kinds))
