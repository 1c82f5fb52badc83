"""What happens in a generated world: one field for each phenomenon, drawn by a seed.

A style says only what happens, not to whom: that is drawn while the world is built.
"""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Style(NamedTuple):
    """All phenomena of one world.  The defaults are those of the plainest world: two hosts of one
    layout, whose virtual machines talk, in one whole capture.
    """

    machines: int = 2
    layouts: str = "new"  # new, old, mixed
    quantity: str = "normal"  # thin, normal, dense: how many conversations
    ids: str = "small"  # small, band, low, wide, multiples: where the VSIDs lie
    prefix_length: int = 24  # of a customer subnet
    routed: str = "no"  # no, source, destination: whose VSID a routed frame carries
    routed_macs: str = "vm"  # vm, gateway
    clones: int = 0  # tenants with the same MACs and customer addresses beside the first
    clone_ids: str = "next"  # next, near, far, shifted (K and K << 8)
    clone_homes: str = "same"  # same, other: the hosts of a clone's virtual machines
    is_renumbered: bool = False
    addresses_each: int = 1
    are_paths_asymmetric: bool = False
    migrates: bool = False
    failover: str = "no"  # no, takeover (within seconds), twin (two machines with one address)
    restarts: str = "no"  # no, same, update, downgrade, waves, twice
    is_silence_long: bool = False
    flow_ids: str = "mixed"  # zero, constant, few, consecutive, spread, hashed, mixed
    vantage: str = "span"  # span, host, one-way, laptops, windows, ring, twice, pktmon, errors
    idents: str = "machine"  # machine, path, random: whose counter numbers the outer IPv4 headers
    is_clock_set_back: bool = False
    snap: int = 0  # 0: whole frames
    file_format: str = "pcap"  # pcap, pcap-big-endian, pcap-nano, pcapng
    loss: float = 0.0
    refuses: str = "inner"  # no, inner, outer, mixed
    quotes: str = "mixed"  # outer-ip, gre, inner-ip, inner-ethernet, mixed
    refuses_from_other_address: bool = False
    third_address: str = "no"  # no, firewall (3/10), acl (3/13), router (3/1)
    lacks_policy: bool = False
    guest_icmp: str = "no"  # no, firewall, forged
    is_outer_forged: bool = False
    bit_error: str = "no"  # no, wire, capture: on its way, or where it is captured
    is_frame_forged: bool = False
    others: str = "no"  # no, open-vswitch, neutron, openbsd, egre, switch, appliance
    is_provider_v6: bool = False
    is_customer_v6: bool = False
    guest_macs: str = "hyper-v"  # hyper-v, vmm, mixed
    has_underlay_noise: bool = False


SNAPS = (54, 60, 64, 68, 70, 72, 78, 80, 86, 96, 110, 128)


def style_of(seed: int, **fixed: object) -> Style:
    """The style that a seed draws; what is `fixed` is as given, and everything else as if it were
    not.
    """
    dice = Random(f"style {seed}")
    some = _chance(dice)
    restarts = _weighted(dice, no=60, same=5, update=14, downgrade=4, waves=8, twice=9)
    style = Style(
        machines=dice.choice((2, 2, 2, 2, 3, 3, 3, 4, 5, 6, 12)),
        layouts=_weighted(dice, new=25, old=15, mixed=60),
        quantity=_weighted(dice, thin=15, normal=65, dense=20),
        ids=_weighted(dice, small=30, band=20, low=20, wide=27, multiples=3),
        prefix_length=dice.choice((24, 24, 24, 24, 22, 23, 25, 26)),
        routed=_weighted(dice, no=75, source=12, destination=13),
        routed_macs=_weighted(dice, vm=50, gateway=50),
        clones=dice.choice((1, 1, 2, 4, 8)) if some(0.2) else 0,
        clone_ids=_weighted(dice, next=40, near=35, far=20, shifted=5),
        clone_homes=_weighted(dice, same=70, other=30),
        is_renumbered=some(0.04),
        addresses_each=dice.choice((2, 2, 3)) if some(0.15) else 1,
        are_paths_asymmetric=some(0.5),
        migrates=some(0.08),
        failover=_weighted(dice, no=95, takeover=3, twin=2),
        restarts=restarts,
        is_silence_long=some(0.3),
        flow_ids=_weighted(
            dice, zero=18, constant=8, few=10, consecutive=10, spread=12, hashed=22, mixed=20
        ),
        vantage=_weighted(
            dice, span=40, host=20, laptops=10, windows=5, ring=6, twice=3, pktmon=8,
            errors=1, **{"one-way": 8},
        ),
        idents=_weighted(dice, machine=70, path=15, random=15),
        is_clock_set_back=some(0.04),
        snap=dice.choice(SNAPS) if some(0.18) else 0,
        file_format=dice.choice(("pcap", "pcap", "pcap-big-endian", "pcap-nano", "pcapng")),
        loss=dice.choice((0.05, 0.2, 0.5)) if some(0.2) else 0.0,
        refuses=_weighted(dice, no=25, inner=40, outer=20, mixed=15),
        quotes=_weighted(
            dice, mixed=40, gre=15, **{"outer-ip": 25, "inner-ip": 10, "inner-ethernet": 10}
        ),
        refuses_from_other_address=some(0.15),
        third_address=_weighted(dice, no=90, firewall=4, acl=3, router=3),
        lacks_policy=some(0.1),
        guest_icmp=_weighted(dice, no=86, firewall=8, forged=6),
        is_outer_forged=some(0.04),
        bit_error=_weighted(dice, no=93, wire=4, capture=3),
        is_frame_forged=some(0.04),
        others=_weighted(
            dice, no=88, neutron=2, openbsd=2, egre=2, switch=2, appliance=2, **{"open-vswitch": 2}
        ),
        is_provider_v6=some(0.08),
        is_customer_v6=some(0.06),
        guest_macs=_weighted(dice, vmm=10, mixed=10, **{"hyper-v": 80}),
        has_underlay_noise=some(0.3),
    )  # fmt: skip
    style = style._replace(**fixed)  # type: ignore[arg-type]
    if style.bit_error != "no" and style.is_frame_forged:  # two wrong frames may prove
        return style._replace(
            **{"bit_error": "no"} if "is_frame_forged" in fixed else {"is_frame_forged": False}
        )
    return style


def _chance(dice: Random):  # type: ignore[no-untyped-def]
    return lambda share: dice.random() < share


def _weighted(dice: Random, **weights: int) -> str:
    return dice.choices(list(weights), list(weights.values()))[0]


def one_of(dice: Random, values: Sequence[T]) -> T:
    """One of several values, or the only one."""
    return values[0] if len(values) == 1 else dice.choice(values)
