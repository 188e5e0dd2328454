import socket

HOST = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """Open a listening socket; port 0 takes a free one."""
    return socket.create_server((HOST, port), backlog=512)


def hold(port: int) -> socket.socket:
    """Keep a port without listening: whoever connects is refused, and nobody else takes it."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind((HOST, port))
    return holder
