"""Hosts, virtual machines and the wire between them, made of real switches and real kernels.

A host is a namespace with the Open vSwitch bridge `phys` (the wire's end `nic` and the provider
address) and the bridge `vms` (one internal port per VM, one GRE port per peer and VSID).  As in
Hyper-V Network Virtualization nothing is learned or flooded: every host has a policy for every VM,
and VMs know each other's MACs.  The kernel of a host sees the same frames as its switch and plays
the part of the refusing NVE: nftables answers keys that the host does not know.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.lab.openvswitch import OpenVSwitch
from tests.lab.processes import LabError, Namespace, Processes, wait_until

OLD = "draft-00"
CURRENT = "rfc7637"

GRE_KEYS = {
    # What a host of either layout writes for a VSID; Open vSwitch writes no FlowID.
    (OLD, 5001): "0x00001389",
    (CURRENT, 5001): "0x00138900",
    (OLD, 6000000): "0x005b8d80",
    (CURRENT, 6000000): "0x5b8d8000",
    (OLD, 6000001): "0x005b8d81",
    (CURRENT, 6000001): "0x5b8d8100",
}


FORWARDING = """
cd /proc/sys/net/ipv4
echo 1 >ip_forward
for f in conf/*/send_redirects; do echo 0 >$f; done
"""
"""A router on one wire would tell hosts to talk directly."""


@dataclass(frozen=True, slots=True)
class Vm:
    """A virtual machine, in a namespace of its own."""

    name: str
    address: str  # customer address
    mac: str
    vsid: int
    host: "Host"
    namespace: Namespace


class Host:
    """One hypervisor.  `layout` None: a machine that knows no GRE at all, whose kernel says so."""

    def __init__(self, lab: "Lab", number: int, layout: str | None, hop_limit: int) -> None:
        self.name = f"host{number}"
        self.address = f"192.0.2.{number}"  # provider address
        self.mac = f"02:00:5e:00:53:{number:02x}"
        self.layout = layout
        self.vms: list[Vm] = []
        self._hop_limit = hop_limit
        self._is_walled = False
        self.namespace = lab.processes.namespace()
        lab.wire.connect(self)
        if layout is None:
            self.namespace.ip(f"addr add {self.address}/24 dev nic", "link set nic up")
            if Path(
                "/sys/module/gre"
            ).is_dir():  # then the kernel knows GRE, and has to be told to deny it
                self._apply_firewall("ip protocol gre reject with icmp type prot-unreachable")
            return
        self._switch = OpenVSwitch(lab.processes, self.namespace, lab.processes.folder / self.name)
        # The bridge has the MAC of the port, so that the kernel takes the frames on the port for
        # its own as well.
        self._switch.configure(
            f"add-br phys -- set bridge phys datapath_type=netdev other-config:hwaddr={self.mac}"
            " fail_mode=secure",
            "add-br vms -- set bridge vms datapath_type=netdev fail_mode=secure",
            "add-port phys nic",
        )
        self.namespace.ip(
            "link set nic up", f"addr add {self.address}/24 dev phys", "link set phys up"
        )

    def gre_key(self, vsid: int) -> str:
        """The key that this host writes, and the only one that it takes, for a VSID."""
        assert self.layout is not None
        return GRE_KEYS[self.layout, vsid]

    def add_vm(self, lab: "Lab", address: str, vsid: int, mac: str) -> Vm:
        """A VM on this host; on one without GRE it exists only in the others' policy."""
        vm = Vm(f"vm{len(self.vms) + 1}", address, mac, vsid, self, lab.processes.namespace())
        self.vms.append(vm)
        if self.layout is not None:
            self._switch.configure(
                f"add-port vms {vm.name} -- set interface {vm.name} type=internal"
            )
            self.namespace.ip(
                f"link set {vm.name} address {mac} mtu 1400",
                f"link set {vm.name} netns {vm.namespace.pid}",
            )
            vm.namespace.ip(f"addr add {address}/24 dev {vm.name}", f"link set {vm.name} up")
        return vm

    def apply_policy(self, hosts: list["Host"], router: "Router | None") -> None:
        """Tunnels, lookup records and firewall for all VMs of the lab, in the layout that the host
        has now.  With a router, everything to other hosts goes to it.

        When it is called again, the tunnel ports are deleted and added anew, as by an update and a
        reboot.
        """
        if self.layout is None:
            return
        peers = [host for host in hosts if host is not self]
        vsids = sorted({vm.vsid for vm in self.vms})
        for peer in peers:
            mac = peer.mac if router is None else router.mac
            self.namespace.ip(f"neigh replace {peer.address} lladdr {mac} dev phys nud permanent")
            self._switch.control("tnl/neigh/set", "phys", peer.address, mac)
        self._refuse_all_but([self.gre_key(vsid) for vsid in vsids])
        self._switch.flows("phys", *self._underlay_flows())
        ports = {(peer.name, vsid): f"{peer.name}v{vsid}" for peer in peers for vsid in vsids}
        for commands in (
            [f"--if-exists del-port vms {port}" for port in ports.values()],
            [self._tunnel(ports[peer.name, vsid], peer, vsid) for peer in peers for vsid in vsids],
        ):
            self._switch.configure(*commands)
        self._switch.flows("vms", *self._overlay_flows(peers, ports))

    def wall_off(self) -> None:
        """Put a firewall before the host that lets no GRE in, and tells the sender so."""
        self._is_walled = True

    def _tunnel(self, port: str, peer: "Host", vsid: int) -> str:
        return (
            f"add-port vms {port} -- set interface {port} type=gre options:remote_ip={peer.address}"
            f" options:local_ip={self.address} options:key={self.gre_key(vsid)}"
            f" options:ttl={self._hop_limit}"
        )

    def _refuse_all_but(self, gre_keys: list[str]) -> None:
        """The kernel's part: ICMP 3/10 for what is refused, silence for what the switch takes."""
        unknown = (
            "" if self._is_walled else f"@nh,192,32 != {{ {', '.join(gre_keys)} }}"
        )  # the GRE Key
        self._apply_firewall(
            f"ip protocol gre {unknown} reject with icmp type host-prohibited",
            "ip protocol gre drop",
        )

    def _apply_firewall(self, *rules: str) -> None:
        """Replace the firewall in one step."""
        table = ["table ip nve {}", "delete table ip nve", "add table ip nve"]
        chain = "add chain ip nve input { type filter hook input priority 0; }"
        lines = [*table, chain, *(f"add rule ip nve input {rule}" for rule in rules)]
        self.namespace.run("nft", "-f", "-", stdin="\n".join(lines) + "\n")

    def _underlay_flows(self) -> list[str]:
        """GRE goes to the tunnels; the rest has reached the kernel on the port itself, and must not
        do so twice.
        """
        return [
            "in_port=LOCAL actions=output:nic",
            (
                "priority=2,in_port=nic,ip,nw_proto=47"
                f" actions={'drop' if self._is_walled else 'LOCAL'}"
            ),
            "priority=1,in_port=nic actions=drop",
        ]

    def _overlay_flows(self, peers: list["Host"], ports: dict[tuple[str, int], str]) -> list[str]:
        flows = []
        for ours, peer in itertools.product(self.vms, peers):
            port = ports[peer.name, ours.vsid]
            flows.append(f"in_port={port},dl_dst={ours.mac} actions=output:{ours.name}")
            flows += [
                f"in_port={ours.name},dl_dst={theirs.mac} actions=output:{port}"
                for theirs in peer.vms
                if theirs.vsid == ours.vsid
            ]
        return flows


class Router:
    """A machine between the hosts.  It forwards everything but GRE, which it refuses in its own
    name.
    """

    name = "router"
    address = "192.0.2.254"
    mac = "02:00:5e:00:53:fe"

    def __init__(self, lab: "Lab") -> None:
        self.namespace = lab.processes.namespace()
        lab.wire.connect(self)
        self.namespace.ip(f"addr add {self.address}/24 dev nic", "link set nic up")
        self.namespace.run("sh", "-c", FORWARDING)
        rule = "ip protocol gre reject with icmp type host-prohibited"
        lines = [
            "add table ip refusing",
            "add chain ip refusing forward { type filter hook forward priority 0; }",
            f"add rule ip refusing forward {rule}",
        ]
        self.namespace.run("nft", "-f", "-", stdin="\n".join(lines) + "\n")


class Wire:
    """The underlay: a bridge with one port per host.  With a VLAN: two switches and a tagged trunk
    between them.
    """

    def __init__(self, processes: Processes, vlan: int | None) -> None:
        self.namespace = processes.namespace()
        self._vlan = vlan
        self._hosts = 0
        if vlan is None:
            self.tap = "wire"  # where everything passes once
            self.namespace.ip("link add wire type bridge mcast_snooping 0", "link set wire up")
            return
        self.tap = "trunk"
        self.namespace.ip(
            "link add trunk type veth peer name trunk2", "link set trunk up", "link set trunk2 up"
        )
        self._switch = OpenVSwitch(processes, self.namespace, processes.folder / "wire")
        self._switch.configure(
            "add-br switch1 -- set bridge switch1 datapath_type=netdev",
            "add-br switch2 -- set bridge switch2 datapath_type=netdev",
            "add-port switch1 trunk -- add-port switch2 trunk2",
        )

    def connect(self, host: Host | Router) -> None:
        """Make the host's `nic` and plug it in; with a VLAN the first host goes to the first
        switch, the others to the second.
        """
        self._hosts += 1
        end = f"to-{host.name}"
        self.namespace.ip(
            f"link add {end} type veth peer name nic address {host.mac} netns {host.namespace.pid}",
            f"link set {end} up",
        )
        if self._vlan is None:
            self.namespace.ip(f"link set {end} master wire")
        else:
            self._switch.configure(f"add-port switch{min(self._hosts, 2)} {end} tag={self._vlan}")


class Lab:
    """All of it.  Make hosts and VMs, `start()` it, then let the VMs talk."""

    def __init__(self, processes: Processes, vlan: int | None, hop_limit: int, oui: str) -> None:
        self.processes = processes
        self.wire = Wire(processes, vlan)
        self.hosts: list[Host] = []
        self._router: Router | None = None
        self._customers = itertools.count(1)
        self._hop_limit = hop_limit
        self._oui = oui

    def host(self, layout: str | None) -> Host:
        """A host that writes the keys of a layout; its address is 192.0.2.N, N counted from 1."""
        host = Host(self, len(self.hosts) + 1, layout, self._hop_limit)
        self.hosts.append(host)
        return host

    def vm(self, host: Host, vsid: int) -> Vm:
        """A VM on a host; its customer address is 10.0.0.N and its MAC ends in N, N counted from
        1.
        """
        number = next(self._customers)
        return host.add_vm(self, f"10.0.0.{number}", vsid, f"{self._oui}:32:02:{number:02x}")

    def clone(self, vm: Vm, vsid: int) -> Vm:
        """The same VM once more in another tenant, on the same host: same customer address, same
        MAC.
        """
        return vm.host.add_vm(self, vm.address, vsid, vm.mac)

    def refusing_router(self) -> Router:
        """Put a router between all hosts that refuses GRE."""
        self._router = Router(self)
        return self._router

    def start(self) -> None:
        """Give hosts their policies and VMs their neighbours; wait until every host reaches every
        other.
        """
        for host in self.hosts:
            host.apply_policy(self.hosts, self._router)
        vms = [vm for host in self.hosts for vm in host.vms if host.layout is not None]
        for vm in vms:
            # A Hyper-V host answers the ARP of its VMs from its own records, so none is seen on the
            # wire.
            others = [
                other
                for host in self.hosts
                for other in host.vms
                if other is not vm and other.vsid == vm.vsid
            ]
            vm.namespace.ip(
                *(
                    f"neigh add {o.address} lladdr {o.mac} dev {vm.name} nud permanent"
                    for o in others
                )
            )
        for host, peer in itertools.permutations(self.hosts, 2):
            wait_until(f"{host.address} to reach {peer.address}", partial(is_answered, host, peer))

    def update(self, host: Host, layout: str) -> None:
        """Switch a running host to another layout."""
        host.layout = layout
        host.apply_policy(self.hosts, self._router)


@contextmanager
def new_lab(
    *, vlan: int | None = None, hop_limit: int = 128, oui: str = "00:15:5d"
) -> Iterator[Lab]:
    """An empty lab, and its end.  Hop limit and vendor prefix are those of Hyper-V unless told
    otherwise.
    """
    with Processes() as processes:
        yield Lab(processes, vlan, hop_limit, oui)


def is_answered(host: Host, peer: Host) -> bool:
    """Whether a host reaches another on the underlay right now."""
    try:
        host.namespace.run("ping", "-n", "-q", "-c", "1", "-W", "0.2", peer.address)
    except LabError:
        return False
    return True
