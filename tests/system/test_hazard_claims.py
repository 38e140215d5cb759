"""Two who both believe that they own everything: their claims chase each other ever more seldom,
and when one leaves the other goes on."""

from conftest import SHORT_SESSION, WAIT_SECONDS, Stack
from load import Load
from oracle.compare import compare
from scene import Scene, create, metric

# Pauses double from 1 s, a quarter more or less: within a minute a claimant gets no further than
# its sixth claim.
MOST_CLAIMS_EACH = 6
CHUNKS_A_SECOND = 20
RETURN_SECONDS = 60


def test_two_who_own_everything_claim_ever_more_seldom_and_one_alone_goes_on(stack: Stack) -> None:
    names = ("first", "second")
    for name in names:
        options = ("--instance", name, *SHORT_SESSION)
        stack.start("command-service", name, *options, FOLDSTREAM_FORCE_ASSIGN="1")
    with Scene(stack.brokers) as scene:
        partitions = len(scene.watch.logs)
        with Load(stack.brokers, "chase", CHUNKS_A_SECOND):
            fought = scene.until(lambda: min(fences(stack, n) for n in names) >= 3 * partitions)
            assert fought, [fences(stack, n) for n in names]
            claims = scene.claims()
            stack.started["second"].stop()
            seen = scene.watch.entries()
            places = [scene.send(create(k, f"back-{k}")) for k in ("a", "b", "c", "d", "e")]
            assert scene.until(lambda: scene.watch.entries() > seen + 1000, RETURN_SECONDS)
            for place in places:
                assert scene.said(place, RETURN_SECONDS) == "accepted"
        print(f"claims while they fought: {dict(claims)}, in the end: {dict(scene.claims())}")
        assert max(scene.claims().values()) <= 2 * MOST_CLAIMS_EACH
    assert compare(stack.brokers, None, WAIT_SECONDS).differences == []


def fences(stack: Stack, name: str) -> float:
    return metric(stack.started[name], "foldstream_fenced_total")
