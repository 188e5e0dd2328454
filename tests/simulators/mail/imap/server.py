import asyncio

from tests.simulators.kit.tcp import TcpServer
from tests.simulators.mail.imap import folders, messages
from tests.simulators.mail.imap.session import ImapSession, World

MAX_LINE = 1_048_576


class ImapServer(TcpServer):
    def __init__(self, world: World, *, port: int = 0) -> None:
        super().__init__(self._talk, port=port, limit=MAX_LINE)
        self._world = world
        self._commands = {**folders.COMMANDS, **messages.COMMANDS}

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ImapSession(reader, writer, self._world, self._commands).run()
