from accounts_api.evaluation.engine import service
from shared.worker import Loop


def rules_loop() -> Loop:
    return Loop("rules", service.step, every=1.0)


def self_check_loop() -> Loop:
    return Loop("rule-self-check", service.recheck_all, every=3600.0)
