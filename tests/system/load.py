"""Commands sent without a pause while a test does something to the services."""

import threading
from types import TracebackType

from orders import Orders, Sender

CHUNK = 20
CHUNKS_A_SECOND = 100


class Load:
    """`with Load(brokers, "name"): …` sends from a thread of its own and proves every delivery."""

    def __init__(self, brokers: str, name: str, chunks_a_second: float = CHUNKS_A_SECOND) -> None:
        self.pause = 1 / chunks_a_second
        self.sender = Sender(brokers)
        self.orders = Orders(name)
        self.over = threading.Event()
        self.failure: Exception | None = None
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        try:
            while not self.over.wait(self.pause):
                for command in self.orders.commands(CHUNK):
                    self.sender.send(command)
            self.sender.flush()
        except Exception as failure:  # told to the test when it leaves
            self.failure = failure

    def __enter__(self) -> "Load":
        self.thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.over.set()
        self.thread.join()
        if self.failure is not None and error is None:
            raise self.failure
