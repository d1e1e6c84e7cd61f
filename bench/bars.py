"""What is promised of what is measured."""

from collections.abc import Sequence

from bench.report import Bar

SMALL_LOG, LARGE_LOG = 10_000, 1_000_000

BARS: dict[str, Sequence[Bar]] = {
    "append, guildbook, callers 8": [Bar(peer="append, stock, callers 8", at_least=5)],
    "append, guildbook, callers 64": [Bar(peer="append, stock, callers 64", at_least=10)],
    "GET account, guildbook": [Bar(peer="GET nothing", at_least=0.4)],
    "PUT award, guildbook": [Bar(peer="PUT nothing", at_least=0.25), Bar(peer="PUT award, ordinary", at_least=5)],
    "rebuild, guildbook": [Bar(peer="rebuild, library", at_least=10)],
    "View 10,000 rows, p50": [Bar(peer="bare query of 10,000 rows, p50", at_most=3)],
    "GET mapper of 500 ids": [Bar(peer="GET nothing, beside mappers", at_least=0.3)],
    "POST settings, Create": [Bar(peer="POST nothing", at_least=0.25)],
    "signed deliveries to 50 endpoints": [Bar(at_least=2_000)],
    "append to endpoint, p99": [Bar(at_most=250)],
    "callbacks' memory, after the last": [Bar(peer="callbacks' memory, after the first", at_most=1.2)],
    "relay to Kafka": [Bar(at_least=15_000)],
    "relay's memory, at most after that": [Bar(peer="relay's memory, a quarter published", at_most=1.2)],
    "append to client, p99": [Bar(at_most=50)],
    "one event to 1,000 sockets, guildbook": [Bar(peer="one text to 1,000 sockets, bare", at_least=0.5)],
    "append, with notary": [Bar(peer="append, without notary", at_least=0.9)],
    "appended and not signed": [Bar(at_most=3)],
    "verify": [Bar(at_least=100_000)],
    "verify, all events linked": [Bar(at_least=100_000)],
    "history of 20 events, p50": [Bar(peer="bare query of 20 events, p50", at_most=3)],
    "append, with indexer": [Bar(peer="append, without indexer", at_least=0.9)],
    f"append, at {LARGE_LOG:,} events": [Bar(peer=f"append, at {SMALL_LOG:,} events", at_least=0.85)],
}
