"""Stages that judge a run, and what they share: suites, contracts, conservation, oracle, parity, proofs."""
