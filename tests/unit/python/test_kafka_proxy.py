"""The proxy's faults, between a client and a broker that are both plain sockets."""

import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from faults.kafka_proxy import HEAD, PRODUCE, KafkaProxy, Match
from processes import wait_for

WAIT_SECONDS = 20
FETCH = 1
LENGTH = struct.Struct(">i")


def exactly(peer: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        more = peer.recv(size - len(read))
        if not more:
            raise EOFError
        read += more
    return read


def frame(peer: socket.socket) -> bytes:
    return exactly(peer, LENGTH.unpack(exactly(peer, LENGTH.size))[0])


class Broker:
    """Answers every request with its correlation id and its text in capitals."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                peer, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    def talk(self, peer: socket.socket) -> None:
        try:
            while True:
                request = frame(peer)
                self.seen.append(request[HEAD.size :])
                answer = LENGTH.pack(HEAD.unpack_from(request)[2]) + request[HEAD.size :].upper()
                peer.sendall(LENGTH.pack(len(answer)) + answer)
        except (EOFError, OSError):
            peer.close()


class Client:
    """Numbers its requests."""

    def __init__(self, port: int) -> None:
        self.asked = 0
        self.peer = socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS)

    def ask(self, api_key: int, text: bytes) -> None:
        self.asked += 1
        request = HEAD.pack(api_key, 9, self.asked) + text
        self.peer.sendall(LENGTH.pack(len(request)) + request)

    def answer(self) -> tuple[int, bytes]:
        read = frame(self.peer)
        return LENGTH.unpack_from(read)[0], read[LENGTH.size :]


@pytest.fixture
def broker() -> Iterator[Broker]:
    made = Broker()
    yield made
    made.server.close()


@pytest.fixture
def proxy(broker: Broker) -> Iterator[KafkaProxy]:
    with KafkaProxy(broker.port) as made:
        yield made


@pytest.fixture
def client(proxy: KafkaProxy) -> Iterator[Client]:
    made = Client(proxy.port)
    yield made
    made.peer.close()


def test_everything_passes_in_order(client: Client) -> None:
    for text in (b"one", b"two" * 100_000, b"three"):
        client.ask(PRODUCE, text)
    assert [client.answer() for _ in range(3)] == [
        (1, b"ONE"),
        (2, b"TWO" * 100_000),
        (3, b"THREE"),
    ]


def test_held_answers_come_when_they_are_let_go_and_others_pass(
    proxy: KafkaProxy, client: Client
) -> None:
    proxy.hold("answers")
    client.ask(PRODUCE, b"a")
    client.ask(PRODUCE, b"b")
    client.ask(FETCH, b"c")
    assert client.answer() == (3, b"C")
    assert proxy.held == 2
    assert proxy.release() == 2
    assert [client.answer(), client.answer()] == [(1, b"A"), (2, b"B")]
    client.ask(PRODUCE, b"d")
    assert client.answer() == (4, b"D")


def test_dropped_answers_never_come(proxy: KafkaProxy, broker: Broker, client: Client) -> None:
    proxy.drop("answers")
    client.ask(PRODUCE, b"a")
    client.ask(FETCH, b"b")
    assert client.answer() == (2, b"B")
    assert broker.seen == [b"a", b"b"]
    assert proxy.count("dropped") == 1
    proxy.mend()
    client.ask(PRODUCE, b"c")
    assert client.answer() == (3, b"C")


def test_only_what_contains_the_bytes_is_held(proxy: KafkaProxy, client: Client) -> None:
    proxy.hold("answers", Match(PRODUCE, b"snapshots"))
    client.ask(PRODUCE, b"to snapshots")
    client.ask(PRODUCE, b"to events")
    assert client.answer() == (2, b"TO EVENTS")
    assert proxy.release() == 1
    assert client.answer() == (1, b"TO SNAPSHOTS")


def test_held_requests_land_after_their_client_is_gone(
    proxy: KafkaProxy, broker: Broker, client: Client
) -> None:
    proxy.hold("requests")
    client.ask(PRODUCE, b"late")
    client.ask(FETCH, b"early")
    assert client.answer() == (2, b"EARLY")
    client.peer.close()
    assert broker.seen == [b"early"]
    assert proxy.release() == 1
    assert wait_for(lambda: broker.seen == [b"early", b"late"], WAIT_SECONDS), broker.seen


def test_a_cut_resets_and_the_next_connection_works(proxy: KafkaProxy, client: Client) -> None:
    client.ask(FETCH, b"a")
    assert client.answer() == (1, b"A")
    assert proxy.cut() == 1
    with pytest.raises(ConnectionResetError):
        client.answer()
    again = Client(proxy.port)
    again.ask(FETCH, b"b")
    assert again.answer() == (1, b"B")
    again.peer.close()


def test_whoever_connects_is_reset_while_it_refuses(proxy: KafkaProxy) -> None:
    proxy.refuse()
    refused = Client(proxy.port)
    with pytest.raises((ConnectionResetError, EOFError)):
        refused.answer()
    proxy.refuse(False)
    fine = Client(proxy.port)
    fine.ask(FETCH, b"a")
    assert fine.answer() == (1, b"A")
    fine.peer.close()


def test_a_half_open_connection_swallows_and_a_new_one_works(
    proxy: KafkaProxy, broker: Broker, client: Client
) -> None:
    client.ask(FETCH, b"a")
    assert client.answer() == (1, b"A")
    assert proxy.half_open() == 1
    client.ask(FETCH, b"b")
    assert wait_for(lambda: proxy.count("swallowed") == 1, WAIT_SECONDS)
    other = Client(proxy.port)
    other.ask(FETCH, b"c")
    assert other.answer() == (1, b"C")
    assert broker.seen == [b"a", b"c"]
    proxy.mend()
    with pytest.raises(ConnectionResetError):
        client.answer()
    other.ask(FETCH, b"d")
    assert other.answer() == (2, b"D")
    other.peer.close()


def test_answers_alone_are_swallowed_when_only_they_are_named(
    proxy: KafkaProxy, broker: Broker, client: Client
) -> None:
    client.ask(FETCH, b"a")
    assert client.answer() == (1, b"A")
    proxy.half_open("answers")
    client.ask(PRODUCE, b"b")
    assert wait_for(lambda: proxy.count("swallowed") == 1, WAIT_SECONDS)
    assert broker.seen == [b"a", b"b"]


def test_a_delay_keeps_the_order(proxy: KafkaProxy, client: Client) -> None:
    proxy.delay(0.2, "answers")
    began = time.monotonic()
    client.ask(FETCH, b"a")
    client.ask(FETCH, b"b")
    assert [client.answer(), client.answer()] == [(1, b"A"), (2, b"B")]
    assert time.monotonic() - began >= 0.2
    assert proxy.count("delayed") == 2


def test_whoever_connects_before_the_broker_is_there_is_cut(broker: Broker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        nobody = unused.getsockname()[1]
    with KafkaProxy(nobody) as proxy:
        client = Client(proxy.port)
        with pytest.raises((ConnectionResetError, EOFError)):
            client.answer()
        proxy.broker_port = broker.port
        client = Client(proxy.port)
        client.ask(FETCH, b"a")
        assert client.answer() == (1, b"A")
        client.peer.close()
