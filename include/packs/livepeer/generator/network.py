"""The invented network: gateways, orchestrators with their wallets and GPUs, and what they advertise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from packs.livepeer.generator.seeded_random import SeededRandom

WORKFLOW = "live-video-to-video"
FACES, V2V, DEPTH = "imagine-xl-faces", "imagine-v2v", "imagine-depth"
LIVE_VIDEO = 35
GATEWAYS = ("gw-north-1", "gw-south-2")
GIGABYTE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU as it is advertised; `minor` may be missing."""

    uuid: str
    name: str
    memory_gb: int
    minor: int | None = 0

    def as_json(self) -> dict[str, Any]:
        """Return the GPU's entry of `gpu_info`."""
        info: dict[str, Any] = {"id": self.uuid, "name": self.name, "major": 8}
        if self.minor is not None:
            info["minor"] = self.minor
        return {**info, "memory_total": self.memory_gb * GIGABYTE, "memory_free": (self.memory_gb - 3) * GIGABYTE}


@dataclass(frozen=True, slots=True)
class Orchestrator:
    """One host behind a wallet: `wallet` is the canonical address, `proxy` the one that stream events name.

    `capacity` is the number of parallel streams per model that it offers.
    """

    wallet: str
    proxy: str
    url: str
    models: tuple[str, ...]
    gpus: tuple[Gpu, ...]
    only_in_use: bool = False
    capacity: int = 2

    def info(self, *, spelling: str = "as_is") -> dict[str, str]:
        """Return the `orchestrator_info` of a stream event; `spelling` is `as_is`, `lower` or `upper`."""
        digits = {"as_is": self.proxy[2:], "lower": self.proxy[2:].lower(), "upper": self.proxy[2:].upper()}[spelling]
        return {"address": f"0x{digits}", "url": self.url}

    def advertised(self) -> dict[str, Any]:
        """Return the orchestrator's object in a `network_capabilities` event; without GPUs it has no `hardware`."""
        payload: dict[str, Any] = {
            "address": self.wallet,
            "local_address": self.proxy,
            "orch_uri": self.url,
            "capabilities": {
                "version": "0.8.9",
                "bitstring": [1, 8_589_934_592],
                "capacities": {"26": 1, str(LIVE_VIDEO): len(self.gpus) or 1, "not-a-number": 1},
                "constraints": {"PerCapability": {str(LIVE_VIDEO): {"models": self._models()}}},
            },
            "capabilities_prices": [
                {"capability": LIVE_VIDEO, "constraint": model, "pricePerUnit": 1600 + 100 * index, "pixelsPerUnit": 1}
                for index, model in enumerate(self.models)
            ],
        }
        if self.gpus:
            payload["hardware"] = [
                {"pipeline": WORKFLOW, "model_id": model, "gpu_info": {"0": gpu.as_json()}}
                for model in self.models
                for gpu in self.gpus
            ]
        return payload

    def _models(self) -> dict[str, Any]:
        if self.only_in_use:
            return {model: {"capacityInUse": 1} for model in self.models}
        offer = {"warm": True, "runnerVersion": "0.14.1", "capacity": self.capacity, "capacityInUse": 1}
        return {model: {**offer} for model in self.models}


NO_ORCHESTRATOR = {"address": "", "url": ""}


@dataclass(frozen=True, slots=True)
class Network:
    """The orchestrators, each named after its special property.

    `plain` and `other` are ordinary. `without_gpu` has no hardware. `first_host` and `second_host` share a proxy wallet
    but have separate canonical wallets and URLs. `same_wallet_a` and `same_wallet_b` are two hosts with two proxies of
    one canonical wallet. `farm` has several models, several GPUs per model, and is its own proxy.
    """

    plain: Orchestrator
    other: Orchestrator
    without_gpu: Orchestrator
    first_host: Orchestrator
    second_host: Orchestrator
    same_wallet_a: Orchestrator
    same_wallet_b: Orchestrator
    farm: Orchestrator

    @property
    def everyone(self) -> tuple[Orchestrator, ...]:
        """Return all of them."""
        hosts = (self.first_host, self.second_host, self.same_wallet_a, self.same_wallet_b)
        return (self.plain, self.other, self.without_gpu, *hosts, self.farm)


def build_network(rng: SeededRandom, *, capacity: int = 2) -> Network:
    """Generate a network. `capacity` is the number of parallel streams per model that each host offers."""

    def card(name: str, memory_gb: int, minor: int | None = 9) -> Gpu:
        return Gpu(f"GPU-{rng.uuid()}", name, memory_gb, minor)

    def host(
        label: str, wallet: str, proxy: str, models: tuple[str, ...], *gpus: Gpu, only_in_use: bool = False
    ) -> Orchestrator:
        return Orchestrator(wallet, proxy, f"https://{label}.orch.example:8935", models, gpus, only_in_use, capacity)

    shared_proxy, two_host_wallet, farm_wallet = rng.wallet(), rng.wallet(), rng.wallet()
    return Network(
        plain=host("plain", rng.wallet(), rng.wallet(), (FACES,), card("DemoCard 5000", 24)),
        other=host("other", rng.wallet(), rng.wallet(), (FACES,), card("DemoCard 4000", 16, None), only_in_use=True),
        without_gpu=host("bare", rng.wallet(), rng.wallet(), (V2V,)),
        first_host=host("first", rng.wallet(), shared_proxy, (FACES,), card("DemoCard 5000", 24)),
        second_host=host("second", rng.wallet(), shared_proxy, (FACES,), card("DemoCard 6000", 48)),
        same_wallet_a=host("twin-a", two_host_wallet, rng.wallet(), (DEPTH,), card("DemoCard 5000", 24)),
        same_wallet_b=host("twin-b", two_host_wallet, rng.wallet(), (DEPTH,), card("DemoCard 5000", 24)),
        farm=host("farm", farm_wallet, farm_wallet, (V2V, DEPTH), card("DemoCard 6000", 48), card("DemoCard 6000", 48)),
    )
