"""The independent oracle: the expected rows of every table, computed from the DBN files alone.

It decodes DBN itself, by `struct`, and shares no module with the pipeline, the source or the generator. Its method is
another, too: the pipeline streams a chunk; the oracle reads the whole set, and counts and groups it.

How it reads the rules
1. A record belongs to the UTC day of its receipt; a bar, which has no such time, to that of its beginning.
2. Its symbol is the one whose mapping holds its instrument on that day. Without one it is quarantined.
3. Records that are equal in publisher, instrument, event time and sequence (of statistics also in their kind; of
   definitions in publisher, instrument and receipt) are counted in the order of the file, from 0. Refused ones count.
4. A price, quantity or time with the sentinel of "not set" is NULL. So is the contract multiplier and the maturity.
5. A record is refused for the first reason that holds, in this order: another type; a letter that the format does not
   have; no symbol; no time; not in its range; the reasons of its schema in the order of `judging`.
6. Prices of stocks, calls, puts and bonds are above zero. What an instrument is, its last definition before the end of
   the day says; without one, the data set where it holds one kind only. Others may be at or below zero.
"""

from __future__ import annotations

from packs.market.oracle.dbn import Content, decode, read
from packs.market.oracle.expectation import Expectation

__all__ = ["Content", "Expectation", "decode", "read"]
