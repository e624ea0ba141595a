"""Ctrl-C during a call of the Kafka client arrives after the call, and always as what the handler raises."""

import signal
import threading

import pytest

from streamproof.transport.kafka.interrupts import deferred_interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_for_the_end_of_the_block(number):
    before = signal.signal(number, signal.default_int_handler)
    steps = []
    try:
        with pytest.raises(KeyboardInterrupt), deferred_interrupts():
            signal.raise_signal(number)
            steps.append("the block went on")
        assert steps == ["the block went on"]
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before)


def test_an_error_of_the_block_is_raised_and_the_handlers_are_restored():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="refused"), deferred_interrupts():
        raise ValueError("refused")
    assert signal.getsignal(signal.SIGINT) is before


def test_a_thread_leaves_the_handlers_alone():
    before, within = signal.getsignal(signal.SIGINT), []

    def work():
        with deferred_interrupts():
            within.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert within == [before]
