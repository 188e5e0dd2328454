import socket

HOST = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """Open a listening socket; port 0 takes a free one."""
    listening = _bound(port)
    listening.listen(512)
    return listening


def hold(port: int) -> socket.socket:
    """Keep a port without listening: whoever connects is refused, and nobody else takes it."""
    return _bound(port)


def _bound(port: int) -> socket.socket:
    # asyncio sets TCP_NODELAY only on sockets that name their protocol; without it every answer of
    # two writes waits 40 ms for the client's delayed acknowledgement.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound
