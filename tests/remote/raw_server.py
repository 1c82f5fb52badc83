"""A server on loopback that answers as no library would: whoever asks is answered by a test."""

import socket
from abc import ABC, abstractmethod
from contextlib import suppress
from threading import Thread


class RawServer(ABC):
    """Every connection has a thread of its own."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._socket.getsockname()[1]}"
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    @abstractmethod
    def answer(self, client: socket.socket) -> None:
        """One connection, which is closed behind it; whoever asked may leave before its end."""

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with suppress(OSError), client:
            self.answer(client)
