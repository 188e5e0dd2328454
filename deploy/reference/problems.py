"""What the status of an error means to a caller."""

_MEANINGS = {
    400: "The request itself could not be read. Sending it again as it is will not help.",
    401: "The credential is missing, unknown, expired or revoked.",
    403: "The credential is valid and may not do this: see the roles and scopes of API keys.",
    404: "It does not exist, or belongs to another workspace: both look alike.",
    405: "The path exists; this method is not among what it takes.",
    409: "The request is well formed and the present state does not allow it: `detail` says why.",
    412: "Somebody changed it since you read it. Read it again, then decide.",
    413: "Split the body, or use a bulk route.",
    415: "Send JSON in UTF-8 with the content type `application/json`.",
    422: "Well formed, and some values cannot be accepted: `errors` points at each of them.",
    428: "Send `If-Match` with the ETag of what you edited.",
    429: "Wait as many seconds as `Retry-After` says.",
}
_OURS = "Not your fault. Where `retryable` is true, repeat it with the same `Idempotency-Key`."


def meaning_of(status: int) -> str:
    return _MEANINGS.get(status, _OURS)
