"""What an administrator can do next, fit for who sends: a Hyper-V host, a Linux node, a gateway.

A provider address is not a name that one can log on to: since Windows Server 2016 it lives in a
network compartment of its own.  So its owner comes first, and is then asked by its own name.
"""

from typing import Final, NamedTuple

from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.vocabulary import Confidence, Sender
from nvgre_doctor.wording import address_text

HOTFIX: Final = "Get-HotFix -Id KB2779768 -ComputerName HOSTNAME"
POLICY: Final = "Get-NetVirtualizationLookupRecord"
OWNER: Final = "Get-NetVirtualizationProviderAddress"


class Advice(NamedTuple):
    """The next step in a sentence or two, and the command of it, for PowerShell."""

    next_step: str
    check: str | None = None


RAISE_MTU: Final = Advice(
    "Raise the MTU of the physical network by at least 42 bytes (IPv6: 62), or lower that of the"
    " virtual machines."
)

AFTER_UPDATE: Final = Advice(
    "Nothing, if the update was meant. Look whether the other hosts have it, each by its own name.",
    HOTFIX,
)


def find_owner(name: str) -> str:
    """How to find the host that has a provider address: the beginning of a sentence."""
    return f"Find the host that has the provider address {name} ({OWNER} on the Hyper-V hosts)"


def update(host: HostVerdict, *, is_certain: bool = True) -> Advice:
    """What to do about a host that speaks the old layout: install, or find out first where that or
    what follows from it is not certain.
    """
    name = address_text(host.address)
    if host.sender is Sender.OTHER:
        return Advice(
            f"Nothing to install: {name} does not look like a Hyper-V host. Find out what it is."
        )
    if host.sender is Sender.UNCLEAR:
        return Advice(
            f"Find out first what {name} is. If it is a Hyper-V host, ask that host by its own name"
            f" whether it has KB2779768 ({OWNER} tells which one has the address).",
            HOTFIX,
        )
    if host.confidence is not Confidence.PROVEN or host.is_stale or not is_certain:
        return Advice(
            f"Find out first whether KB2779768 is missing. {find_owner(name)}, and ask it by its"
            " own name.",
            HOTFIX,
        )
    return Advice(f"{find_owner(name)}. Install KB2779768 on it and restart it.", HOTFIX)


def look_at_update(host: HostVerdict) -> Advice:
    """How to see whether a host has the update, where nothing says that it should get it."""
    name = address_text(host.address)
    if host.sender is Sender.OTHER:
        return Advice(f"Find out what {name} is: it does not look like a Hyper-V host.")
    return Advice(
        f"{find_owner(name)}, and ask it by its own name whether it has KB2779768.", HOTFIX
    )


def since_updated(host: HostVerdict) -> Advice:
    """What to do about damage of the past: the host that was old is not old any more."""
    name = address_text(host.address)
    return Advice(
        f"Nothing to install: {name} speaks RFC 7637 by now. If flows are still refused, look at"
        " the later findings."
    )


def policy(receiver: HostVerdict, sender: HostVerdict) -> Advice:
    """What to look at where a receiver does not take what a sender sends, and layouts are not the
    reason.
    """
    name = address_text(receiver.address)
    if receiver.sender is Sender.OTHER:
        return Advice(f"Let the firewall of {name} pass IP protocol 47 (GRE).")
    if Sender.HYPER_V in (receiver.sender, sender.sender):
        return Advice(
            f"{find_owner(name)}, and compare its policy with that of the sender: does it know this"
            " virtual machine, with this VSID and this provider address?",
            POLICY,
        )
    return Advice(
        f"Find out what {name} is, and let it pass IP protocol 47 (GRE): nothing here looks like"
        " Hyper-V."
    )


def let_pass(names: str) -> Advice:
    """What to do where somebody on the way refuses."""
    return Advice(
        f"Let {names} pass IP protocol 47 (GRE): it is neither end of this flow, but a firewall or"
        " router on the way."
    )
