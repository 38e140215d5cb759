"""A proxy in front of Postgres that keeps what clients say: the projector under measurement is the
shipped one, and knows nothing of it. Never on the way of anything that is timed."""

import shutil
import socket
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType

CHUNK = 1 << 16
HOST = "127.0.0.1"


class Recorder:
    """`with Recorder(port, folder) as recorder: …`: clients of recorder.port reach `port`; each
    connection's bytes, from the client's first one on, go to a file in `folder`, which is made."""

    def __init__(self, port: int, folder: Path) -> None:
        self.upstream, self.folder = port, folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.listener = socket.create_server((HOST, 0))
        self.port = int(self.listener.getsockname()[1])
        self.threads: list[threading.Thread] = []
        self.sockets: list[socket.socket] = []

    def __enter__(self) -> "Recorder":
        self.start(self.accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one in (self.listener, *self.sockets):
            with suppress(OSError):  # it has gone by itself
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self.threads:
            thread.join()

    def start(self, run: object, *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments)  # type: ignore[arg-type]
        self.threads.append(thread)
        thread.start()

    def accept(self) -> None:
        number = 0
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection((HOST, self.upstream))
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sockets += [client, server]
            number += 1
            self.start(self.pump, client, server, self.folder / str(number))
            self.start(self.pump, server, client, None)

    def pump(self, source: socket.socket, target: socket.socket, path: Path | None) -> None:
        """One direction, to its end."""
        kept = path.open("wb") if path else None
        try:
            while chunk := source.recv(CHUNK):
                if kept:
                    kept.write(chunk)
                target.sendall(chunk)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one of them has closed: so does the other, by its own means
        finally:
            if kept:
                kept.close()

    def longest(self) -> Path:
        """The connection on which most was said; when all have ended."""
        return max(self.folder.iterdir(), key=lambda path: path.stat().st_size)
