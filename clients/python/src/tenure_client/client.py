from tenure_client.calls import Caller
from tenure_client.generated.methods import Groups
from tenure_client.retries import Retries

_STANDARD = Retries()


class Tenure(Groups):
    """`timeout` is for one attempt, in seconds; each call may have its own. May be shared by
    threads: it keeps nothing between calls.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout: float = 30,
        retries: Retries = _STANDARD,
    ) -> None:
        super().__init__(Caller(base_url, api_key, timeout=timeout, retries=retries))
