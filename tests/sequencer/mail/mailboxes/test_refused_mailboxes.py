"""What the test of a mailbox tells of a server: our words, and those of its refusal."""

import asyncio

from tests.sequencer.renewals import CSM_MAILBOX, Renewals, made

SERVERS = [
    (b"", "starttls", "The server closed the connection."),
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", "starttls", "a form that we do not read"),
    (b"2" * 70_000, "starttls", "a form that we do not read"),
    (b"220 hello\r\n", "implicit", "speaks TLS"),
    (b"554 5.7.1 No access for you\r\n", "starttls", "554 5.7.1 No access for you"),
]


async def test_trouble_is_told_in_our_words_and_a_refusal_in_the_servers(
    renewals: Renewals,
) -> None:
    for number, (greeting, tls, told) in enumerate(SERVERS):

        async def greet(
            _: asyncio.StreamReader, writer: asyncio.StreamWriter, said: bytes = greeting
        ) -> None:
            writer.write(said)
            writer.close()

        async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            body = {
                "email": f"{number}.{CSM_MAILBOX}",
                "display_name": "Dana",
                "smtp": {"host": "127.0.0.1", "port": port, "tls": tls},
            }
            mailbox = made(await renewals.ws.admin.post("/v1/mailboxes", body))
            tested = made(await renewals.ws.admin.post(f"/v1/mailboxes/{mailbox['id']}/test"))
        assert (tested["ok"], tested["stage"]) == (False, "connect")
        assert told in tested["detail"]
        for word in ("Error", "Errno", "ssl.", "b'"):
            assert word not in tested["detail"]
