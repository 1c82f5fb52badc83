"""A style becomes a fabric: machines with their layouts over time, tenants, virtual machines."""

from random import Random

from tests.proof.fabric import NEW, NOON, OLD, SECOND, Fabric, Machine, Phase, Subnet, Vm
from tests.proof.style import Style, one_of

FLOW_IDS = ("zero", "constant", "few", "consecutive", "spread", "hashed")
LEAST_VSID, GREATEST_VSID = 4096, 16777214
GUEST_PREFIXES = {"hyper-v": ("00:15:5d",), "vmm": ("00:1d:d8",), "mixed": ("00:15:5d", "00:1d:d8")}
OTHER_PREFIXES = {
    "open-vswitch": ("00:15:5d", "fa:16:3e", "52:54:00"),
    "neutron": ("fa:16:3e",),
    "openbsd": ("fe:e1:ba",),
    "egre": ("fe:e1:ba", "00:15:5d"),
    "switch": ("00:50:56", "00:15:5d", "b8:ca:3a"),
}


def build_fabric(style: Style, dice: Random) -> Fabric:
    machines = [_machine(style, index, dice) for index in range(style.machines)]
    _give_layouts(style, machines, dice)
    phases = _phases(style, machines, dice)
    vms = _tenants(style, machines, dice)
    fabric = Fabric(machines, vms, phases)
    if style.is_renumbered:
        _renumber(vms[0].subnet, vms, phases, dice)
    if style.migrates and len(machines) > 1:
        _migrate(fabric, dice)
    if style.failover != "no":
        _fail_over(style, machines[0], phases, dice)
    _add_others(style, fabric, dice)
    return fabric


def _address(style: Style, number: int) -> str:
    return f"fd00:50::{number:x}" if style.is_provider_v6 else f"192.168.50.{number}"


def _mac(prefix: str, number: int, dice: Random) -> str:
    return f"{prefix}:{dice.randrange(256):02x}:{dice.randrange(256):02x}:{number:02x}"


def _machine(style: Style, index: int, dice: Random) -> Machine:
    flow_ids = one_of(dice, FLOW_IDS) if style.flow_ids == "mixed" else style.flow_ids
    return Machine(
        name=f"host {index + 1}",
        kind="hyper-v",
        addresses=[_address(style, index * 8 + n + 1) for n in range(style.addresses_each)],
        mac=_mac("3c:d9:2b", index + 1, dice),
        layouts=[],
        flow_ids=flow_ids,
        hops=dice.choice((0, 0, 0, 1, 2, 3)),
        ident=dice.randrange(0x10000),
    )


# --- layouts over time ---------------------------------------------------------


def _give_layouts(style: Style, machines: list[Machine], dice: Random) -> None:
    for machine in machines:
        choice = {"new": (NEW,), "old": (OLD,), "mixed": (NEW, OLD)}[style.layouts]
        machine.layouts = [(NOON, one_of(dice, choice))]
    if style.layouts == "mixed":
        machines[0].layouts, machines[1].layouts = [(NOON, OLD)], [(NOON, NEW)]
    changing = {"update": OLD, "waves": OLD, "downgrade": NEW}.get(style.restarts)
    if changing:
        count = len(machines) if style.restarts == "waves" else 1
        for machine in machines[:count]:
            machine.layouts = [(NOON, changing)]


def _phases(style: Style, machines: list[Machine], dice: Random) -> list[Phase]:
    """Times of talk, and between them the restarts."""
    length = dice.choice((5, 20, 60)) if style.quantity != "thin" else dice.choice((20, 60, 120))
    waves = {
        "no": [],
        "same": [machines[:1]],
        "update": [machines[: dice.choice((1, 1, len(machines)))]],
        "downgrade": [machines[:1]],
        "twice": [machines[:1], machines[:1]],
        "waves": [machines[wave::3] for wave in range(min(3, len(machines)))],
    }[style.restarts]
    phases = [Phase(NOON, NOON + length * SECOND)]
    for wave in waves:
        start = phases[-1].end_ns
        silence = dice.randrange(600, 7200) if style.is_silence_long else dice.randrange(22, 90)
        end = start + silence * SECOND
        phases.append(Phase(start, end, tuple(wave), dice.choice((0.0, 0.3))))
        phases.append(Phase(end, end + length * SECOND))
        for machine in wave:
            machine.downs.append((start, end))
            before = machine.layouts[-1][1]
            if style.restarts != "same" and not (style.restarts == "update" and before == NEW):
                machine.layouts.append((end, OLD if before == NEW else NEW))
            if dice.random() < 0.5:
                machine.ident = dice.randrange(0x10000)
    return phases


def _fail_over(style: Style, machine: Machine, phases: list[Phase], dice: Random) -> None:
    """Another machine, of the other layout, has the same addresses: within seconds, or always."""
    layout = OLD if machine.layouts[-1][1] == NEW else NEW
    machine.is_replaced = True
    if style.failover == "twin":
        machine.twin = layout
        return
    phase = phases[-1]
    at = phase.start_ns + (phase.end_ns - phase.start_ns) * dice.randrange(30, 70) // 100
    machine.downs.append((at, at + 2 * SECOND))
    machine.layouts.append((at + 2 * SECOND, layout))


# --- tenants -------------------------------------------------------------------


def _vsid(style: Style, dice: Random) -> int:
    low, high = {
        "small": (5000, 6000),
        "band": (0x100000, GREATEST_VSID),
        "low": (0x10000, 0xFFFFF),
        "wide": (LEAST_VSID, GREATEST_VSID),
        "multiples": (0x1000, 0xFFFE),
    }[style.ids]
    number = dice.randrange(low, high + 1)
    return number << 8 if style.ids == "multiples" else number


def _clone_ids(style: Style, original: int, dice: Random) -> list[int]:
    """The VSIDs of the clones of one subnet."""
    if style.clone_ids == "next":
        ids = [original + n + 1 for n in range(style.clones)]
    elif style.clone_ids == "near":
        ids = [original + n for n in sorted(dice.sample(range(1, 256), style.clones))]
    else:
        ids = [dice.randrange(LEAST_VSID, GREATEST_VSID + 1) for _ in range(style.clones)]
        if style.clone_ids == "shifted" and ids:
            ids[0] = original << 8 if original < 1 << 16 else original >> 8
    return [
        number if LEAST_VSID <= number <= GREATEST_VSID else 7000 + number % 999 for number in ids
    ]


def _tenants(style: Style, machines: list[Machine], dice: Random) -> list[Vm]:
    vms: list[Vm] = []
    next_id = _vsid(style, dice)
    is_counting = dice.random() < 0.3  # neighbouring ids, as administrators type them
    customers = 1 if style.quantity == "thin" else dice.choice((1, 2, 3))
    for customer in range(customers):
        for index in range(2 if style.routed != "no" else dice.choice((1, 1, 2))):
            subnet = _subnet(style, customer, index, next_id, dice)
            members = _members(style, subnet, machines, len(vms), dice)
            vms += members
            if customer == 0:
                vms += _clones(style, subnet, members, machines, dice)
            next_id = next_id + 1 if is_counting and next_id < GREATEST_VSID else _vsid(style, dice)
    return vms


def _subnet(style: Style, customer: int, index: int, number: int, dice: Random) -> Subnet:
    """Subnets of one customer lie side by side: several in one /24 if they are small."""
    size = 1 << 32 - style.prefix_length
    start = index * size
    if style.is_customer_v6:
        network, start = f"fd10:{customer + 1:x}:0:{index:x}:", 0
    else:
        network, start = f"10.{customer + 1}.{16 + start // 256}", start % 256
    gateway = _mac("00:15:5d", 1, dice)
    return Subnet([(NOON, number)], customer, network, start, gateway)


def _members(
    style: Style, subnet: Subnet, machines: list[Machine], count: int, dice: Random
) -> list[Vm]:
    """Two to four virtual machines, the first two behind two machines."""
    members = []
    places = dice.sample(machines, min(2, len(machines)))
    largest = min(250, (1 << 32 - style.prefix_length) - 2)
    if style.prefix_length < 24:
        largest = (1 << 32 - style.prefix_length) - 3
    numbers = dice.sample(range(2, largest + 1), 4)
    for index in range(dice.choice((2, 2, 3, 4))):
        machine = places[index] if index < len(places) else dice.choice(machines)
        mac = _mac(one_of(dice, GUEST_PREFIXES[style.guest_macs]), count + index + 2, dice)
        ip = subnet.address(numbers[index])
        members.append(Vm(mac, ip, subnet, [(NOON, machine)], count + index, dice.randrange(65536)))
    return members


def _clones(
    style: Style, subnet: Subnet, members: list[Vm], machines: list[Machine], dice: Random
) -> list[Vm]:
    """The same MACs and customer addresses in other virtual subnets."""
    clones = []
    for number, vsid in enumerate(_clone_ids(style, subnet.ids[0][1], dice)):
        copy = Subnet(
            [(NOON, vsid)],
            subnet.customer,
            subnet.network,
            subnet.first,
            subnet.gateway_mac,
            number + 1,
        )
        for member in members:
            home = member.homes[0][1] if style.clone_homes == "same" else dice.choice(machines)
            clones.append(
                Vm(
                    member.mac,
                    member.ip,
                    copy,
                    [(NOON, home)],
                    member.number,
                    dice.randrange(65536),
                )
            )
    return clones


def _renumber(subnet: Subnet, vms: list[Vm], phases: list[Phase], dice: Random) -> None:
    """The administrator gives a subnet another VSID, between two phases or while all talk."""
    last = phases[-1]
    middle = last.start_ns + (last.end_ns - last.start_ns) // 2
    before = subnet.ids[0][1]
    after = dice.choice((before + 1, before + 16, dice.randrange(LEAST_VSID, GREATEST_VSID)))
    subnet.ids.append((dice.choice((last.start_ns, middle)), min(after, GREATEST_VSID)))


def _migrate(fabric: Fabric, dice: Random) -> None:
    """A virtual machine moves, while it runs, to another host."""
    vm = dice.choice([vm for vm in fabric.vms if not vm.subnet.clone])
    phase = dice.choice([phase for phase in fabric.phases if not phase.quiet])
    at = phase.start_ns + (phase.end_ns - phase.start_ns) * dice.randrange(20, 80) // 100
    old_home = vm.homes[0][1]
    vm.homes.append((at, dice.choice([m for m in fabric.machines if m is not old_home])))


# --- senders that are not HNV ----------------------------------------------------


def _add_others(style: Style, fabric: Fabric, dice: Random) -> None:
    if style.others == "no":
        return
    if style.others == "appliance":
        _add_appliance(style, fabric, dice)
        return
    is_plain = style.others in ("open-vswitch", "neutron", "egre")
    ttl = dice.choice((64, 255)) if style.others == "switch" else 64
    nodes = [
        Machine(
            f"{style.others} {n + 1}",
            style.others,
            [_address(style, 200 + n)],
            _mac("b8:ca:3a", n + 1, dice),
            [(NOON, None if is_plain else NEW)],
            "zero" if is_plain else one_of(dice, ("zero", "hashed", "spread")),
            ttl,
            dice.choice((0, 0, 1)),
            has_idents=style.others in ("openbsd", "egre", "switch"),
        )
        for n in range(2)
    ]
    prefix = one_of(dice, OTHER_PREFIXES[style.others])
    for index in range(dice.choice((1, 2, 4)) if style.others in ("neutron", "switch") else 1):
        number = {
            "open-vswitch": dice.choice((1, 5001, 70000, dice.randrange(1, 1 << 20))),
            "neutron": dice.choice((2, dice.randrange(1 << 20), dice.randrange(1, 1 << 32))),
            "egre": dice.choice((dice.randrange(1, 1 << 20), dice.randrange(1, 1 << 32))),
            "openbsd": dice.choice((1234, dice.randrange(1, 1 << 24))),
            "switch": dice.choice((850, dice.randrange(1, 1 << 24))),
        }[style.others]
        subnet = Subnet([(NOON, number)], 100 + index, f"10.99.{index}", 0, _mac(prefix, 1, dice))
        for n, node in enumerate(nodes):
            mac = _mac(prefix, 200 + index * 2 + n, dice)
            number = 9000 + index * 2 + n
            fabric.vms.append(Vm(mac, subnet.address(n + 10), subnet, [(NOON, node)], number))
    fabric.others += nodes


def _add_appliance(style: Style, fabric: Fabric, dice: Random) -> None:
    """A gateway of another make, which speaks RFC 7637 with the hosts of a tenant."""
    node = Machine(
        "gateway",
        "appliance",
        [_address(style, 250)],
        _mac("00:01:d7", 1, dice),
        [(NOON, NEW)],
        one_of(dice, ("zero", "hashed")),
        255,
        dice.choice((0, 1)),
        dice.randrange(0x10000),
    )
    subnet = fabric.vms[0].subnet
    mac = _mac("00:01:d7", 2, dice)
    fabric.vms.append(Vm(mac, subnet.address(60), subnet, [(NOON, node)], 9000))
    fabric.others.append(node)
