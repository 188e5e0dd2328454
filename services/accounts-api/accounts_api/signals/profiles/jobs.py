from accounts_api.signals.profiles import service
from shared.worker import Loop


def profiles_loop() -> Loop:
    return Loop("product-profiles", service.write_profiles, every=5.0)
