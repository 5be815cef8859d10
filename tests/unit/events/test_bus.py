"""The bus reaches everybody, waits for nobody, and stays bounded."""

import asyncio
from time import perf_counter

from flowrun.events.bus import PENDING_TRANSIENT, Bus, StampedEvent
from flowrun.events.records import MessageDelta, StepStarted


def kept(number):
    return StampedEvent(StepStarted(step=f"s{number}"), number, float(number))


def shown(number):
    return StampedEvent(MessageDelta(step="a", text=str(number)), None, float(number))


def test_sinks_are_called_in_order_until_they_are_detached():
    bus, seen = Bus(), []
    detach = bus.attach(lambda item: seen.append(("first", item)))
    bus.attach(lambda item: seen.append(("second", item)))
    bus.publish(kept(1))
    detach()
    detach()
    bus.publish(kept(2))
    assert seen == [("first", kept(1)), ("second", kept(1)), ("second", kept(2))]


def test_a_subscriber_reads_events_in_order_as_they_come():
    async def follow():
        bus = Bus()
        stream = bus.subscribe(asyncio.Event())
        bus.publish(kept(1))
        seen = [await anext(stream)]
        waiting = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        assert not waiting.done()
        bus.publish(shown(2))
        seen.append(await waiting)
        bus.publish(kept(3))
        bus.close()
        return seen + [item async for item in stream]

    assert asyncio.run(follow()) == [kept(1), shown(2), kept(3)]


def test_a_slow_subscriber_loses_old_deltas_and_nothing_else():
    async def follow():
        bus = Bus()
        stream = bus.subscribe(asyncio.Event())
        bus.publish(kept(0))
        for number in range(1, 10_001):
            bus.publish(shown(number))
            if number % 1000 == 0:
                bus.publish(kept(number))
        bus.close()
        return [item async for item in stream]

    seen = asyncio.run(follow())
    assert [item.seq for item in seen if item.seq is not None] == [0, *range(1000, 10_001, 1000)]
    assert sum(item.seq is None for item in seen) == PENDING_TRANSIENT
    assert [item.at for item in seen] == sorted(item.at for item in seen)


def test_whoever_leaves_is_forgotten():
    async def follow():
        bus = Bus()
        stream = bus.subscribe(asyncio.Event())
        bus.publish(kept(1))
        await anext(stream)
        await stream.aclose()
        bus.publish(kept(2))
        return bus

    bus = asyncio.run(follow())
    assert bus._sinks == ()
    assert bus._open == ()


def test_a_subscription_that_is_closed_while_it_waits_ends():
    async def follow():
        bus = Bus()
        stream = bus.subscribe(asyncio.Event())
        waiting = asyncio.create_task(anext(stream, None))
        await asyncio.sleep(0)
        bus.close()
        return await waiting

    assert asyncio.run(follow()) is None


def test_publishing_to_nobody_costs_next_to_nothing():
    bus, item = Bus(), kept(1)
    best = min(_seconds_for(bus, item, 1000) for _ in range(20))
    assert best / 1000 < 1e-6


def _seconds_for(bus, item, times):
    began = perf_counter()
    for _ in range(times):
        bus.publish(item)
    return perf_counter() - began
