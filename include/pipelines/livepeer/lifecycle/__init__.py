"""The stateful half of the processor: sessions, segments, attribution, and the silver facts. Pure, no clock, no I/O.

`engine.Lifecycle` takes the typed rows of accepted records and returns fact rows. Three ideas carry it:

- What the capabilities say about a signal's wallet is looked up once, when the signal arrives, and kept with it
  (`attribution.Evidence`). Everything else is a function of the *set* of a session's signals in event-time order, so
  neither the order of arrival nor the cut into batches nor a restart changes a result.
- Silver facts depend on their own record only and are final when written; nothing that a rollup has added up is ever
  revised.
- A session's rows carry one version, its number of signals. Readers take the rows at the session's greatest version.
"""
