"""The stateful half of the processor: sessions, segments, attribution, and the silver facts. Pure, no clock, no I/O.

`engine.Lifecycle` takes the typed rows of accepted records and returns fact rows. It rests on three rules:

- The capabilities of a signal's wallet are looked up once, when the signal arrives, and stored with the signal
  (`attribution.Evidence`). Everything else is a function of the *set* of a session's signals in event-time order. So
  the order of arrival, the division into batches and restarts do not change a result.
- Silver facts depend on their own record only and are final when written. A value that a rollup has added up is never
  revised.
- All rows of a session have one version, its number of signals. Readers take the rows of the greatest version.
"""
