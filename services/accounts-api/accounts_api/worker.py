"""The worker process: this service handles the events of others, and does what falls due."""

import asyncio

from accounts_api.automation.corrections.jobs import corrections_loop
from accounts_api.automation.debounce.jobs import debounce_loop
from accounts_api.automation.handovers.jobs import handovers_loop
from accounts_api.customers.import_rows.jobs import imports_loop
from accounts_api.customers.imports.jobs import old_files_loop
from accounts_api.customers.key_roles.jobs import planned_holdings_loop
from accounts_api.customers.object_types.jobs import clearing_loop as object_types_clearing_loop
from accounts_api.customers.trait_usages.jobs import clearing_loop
from accounts_api.evaluation.engine.jobs import rules_loop, self_check_loop
from accounts_api.records.cascades.jobs import cascades_loop
from accounts_api.records.history.jobs import partitions_loop
from accounts_api.signals.event_properties.jobs import filling_loop
from accounts_api.signals.product_events import jobs as product_event_jobs
from accounts_api.signals.profiles.jobs import profiles_loop
from accounts_api.subscriptions import SUBSCRIPTIONS
from accounts_api.wiring import WIRING
from shared.service import Service
from shared.settings import Settings
from shared.worker import Loop, feed_loops, run_worker


def build(settings: Settings) -> Service:
    return Service.build("accounts", settings, WIRING)


def loops(service: Service) -> list[Loop]:
    return [
        *feed_loops(service, SUBSCRIPTIONS),
        rules_loop(),
        self_check_loop(),
        corrections_loop(),
        debounce_loop(),
        partitions_loop(),
        cascades_loop(),
        clearing_loop(),
        imports_loop(),
        old_files_loop(),
        object_types_clearing_loop(),
        planned_holdings_loop(),
        handovers_loop(),
        product_event_jobs.second_look_loop(),
        product_event_jobs.partitions_loop(),
        product_event_jobs.forgetting_loop(),
        profiles_loop(),
        filling_loop(),
    ]


async def main() -> None:
    service = build(Settings.read())
    await run_worker(service, loops(service))


if __name__ == "__main__":
    asyncio.run(main())
