"""How do a twin's webhooks reach their receiver, and how are they disturbed on the way?"""

import asyncio
import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Lock

import httpx

from local.twins.clock import Clock

HELD_BACK_S = 2.0
"""A delivery that is reordered waits up to this many twin seconds, so that later ones overtake it."""
LONGEST_NAP_S = 60.0
AT_ONCE = 3
"""Deliveries under way side by side. Each may start a function anew, and many starts together starve a laptop."""
ANSWER_WITHIN_S = 10.0


@dataclass
class WebhookSettings:
    """Where deliveries go and what happens to them; probabilities are 0 to 1.

    While not *enabled* events are lost (not queued), as in an outage of the provider's webhook system.
    *drop* loses a delivery with all its retries; *duplicate* delivers it twice; *reorder* holds it back up
    to `HELD_BACK_S`; *delay_ms* (twin time) is added to each first attempt.
    """

    url: str | None = None
    enabled: bool = True
    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay_ms: int = 0

    def calm(self) -> None:
        """Disturb nothing from here on; the target stays."""
        self.enabled, self.drop, self.duplicate, self.reorder, self.delay_ms = True, 0.0, 0.0, 0.0, 0


@dataclass
class _Delivery:
    body_for: Callable[[int], bytes]
    headers_for: Callable[[int], Mapping[str, str]]
    retries: Sequence[float]
    on_done: Callable[[bool], None]
    url: str | None
    answer_within_s: float
    attempt: int = 0


@dataclass(order=True)
class _Due:
    at: float
    number: int
    delivery: _Delivery = field(compare=False)


class Outbox:
    """Delivers webhooks in a background task, in twin time, several at once: they may overtake each other.

    `counters` tells what happened: put, attempts, delivered, failed_attempts, given_up, dropped, disabled,
    duplicated, reordered, delayed.
    """

    def __init__(self, clock: Clock, settings: WebhookSettings, chance: random.Random) -> None:
        self.counters: Counter[str] = Counter()
        self._clock = clock
        self._settings = settings
        self._chance = chance
        self._due: list[_Due] = []
        self._numbers = itertools.count()
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._attempts: set[asyncio.Task[None]] = set()
        clock.on_change(self._nudge)

    @property
    def pending(self) -> int:
        """Deliveries that wait for their (next) attempt or are under way."""
        return len(self._due) + len(self._attempts)

    def put(
        self,
        *,
        body_for: Callable[[int], bytes],
        headers_for: Callable[[int], Mapping[str, str]],
        not_before: float,
        retries: Sequence[float],
        on_done: Callable[[bool], None] = lambda _: None,
        url: str | None = None,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        """Deliver a webhook once `clock.monotonic()` has reached *not_before*; callable from any thread.

        Args: body_for: makes the exact bytes of an attempt (0, 1, ...), which may tell its number. headers_for:
            makes the headers of an attempt, so that each is signed when it is sent. not_before: twin time of
            the first attempt; 0 is at once. retries: twin seconds to wait after each failed attempt; when they
            are used up the event is given up. on_done: told once True when the receiver answered 2xx, False
            when the event is lost. url: another target than the settings name. answer_within_s: real seconds that
            the receiver may take.
        """
        self.counters["put"] += 1
        delivery = _Delivery(body_for, headers_for, tuple(retries), on_done, url, answer_within_s)
        if (loss := self._loss()) is not None:
            self.counters[loss] += 1
            on_done(False)
            return
        at = max(not_before, self._clock.monotonic()) + self._extra_delay()
        self._schedule(at, delivery)
        if self._happens("duplicated", self._settings.duplicate):
            self._schedule(at, replace(delivery, on_done=lambda _: None))

    def clear(self) -> None:
        """Forget all that is not delivered yet, and the counters; call it from the event loop."""
        with self._lock:
            self._due.clear()
        for attempt in self._attempts:
            attempt.cancel()
        self.counters.clear()

    async def start(self) -> None:
        """Begin to deliver, in the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run())

    async def stop(self) -> None:
        """Stop delivering; what is not delivered stays with whoever put it here."""
        self._loop = None
        running = [task for task in (self._task, *self._attempts) if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _loss(self) -> str | None:
        if not self._settings.enabled or self._settings.url is None:
            return "disabled"
        return "dropped" if self._chance.random() < self._settings.drop else None

    def _happens(self, what: str, probability: float) -> bool:
        happens = self._chance.random() < probability
        self.counters[what] += happens
        return happens

    def _extra_delay(self) -> float:
        self.counters["delayed"] += self._settings.delay_ms > 0
        held_back = self._happens("reordered", self._settings.reorder)
        return self._settings.delay_ms / 1000 + (self._chance.uniform(0, HELD_BACK_S) if held_back else 0.0)

    def _schedule(self, at: float, delivery: _Delivery) -> None:
        with self._lock:
            heapq.heappush(self._due, _Due(at, next(self._numbers), delivery))
        self._nudge()

    def _nudge(self) -> None:
        if (loop := self._loop) is not None:
            # The loop may close between our look and our call: then nobody is left to wake.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._wake.set)

    async def _run(self) -> None:
        slots = asyncio.Semaphore(AT_ONCE)
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                await slots.acquire()
                delivery = await self._next()
                attempt = asyncio.create_task(self._attempt(client, delivery))
                self._attempts.add(attempt)
                attempt.add_done_callback(self._attempts.discard)
                attempt.add_done_callback(lambda _: slots.release())

    async def _next(self) -> _Delivery:
        while True:
            self._wake.clear()
            with self._lock:
                wait = self._due[0].at - self._clock.monotonic() if self._due else LONGEST_NAP_S
                if wait <= 0:
                    return heapq.heappop(self._due).delivery
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), min(self._clock.real_seconds(wait), LONGEST_NAP_S))

    async def _attempt(self, client: httpx.AsyncClient, delivery: _Delivery) -> None:
        if not self._settings.enabled or self._settings.url is None:
            self.counters["disabled"] += 1
            delivery.on_done(False)
        elif await self._send(client, delivery.url or self._settings.url, delivery):
            self.counters["delivered"] += 1
            delivery.on_done(True)
        else:
            self._fail(delivery)

    async def _send(self, client: httpx.AsyncClient, url: str, delivery: _Delivery) -> bool:
        self.counters["attempts"] += 1
        body, headers = delivery.body_for(delivery.attempt), dict(delivery.headers_for(delivery.attempt))
        try:
            answer = await client.post(url, content=body, headers=headers, timeout=delivery.answer_within_s)
        except httpx.HTTPError:
            return False
        return answer.is_success

    def _fail(self, delivery: _Delivery) -> None:
        self.counters["failed_attempts"] += 1
        if delivery.attempt >= len(delivery.retries):
            self.counters["given_up"] += 1
            delivery.on_done(False)
            return
        wait = delivery.retries[delivery.attempt]
        delivery.attempt += 1
        self._schedule(self._clock.monotonic() + wait, delivery)
