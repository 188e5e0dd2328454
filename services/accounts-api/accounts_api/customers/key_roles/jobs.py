from accounts_api.customers.key_roles import planned
from shared.worker import Loop


def planned_holdings_loop() -> Loop:
    return Loop("planned-holdings", planned.step, every=1.0)
