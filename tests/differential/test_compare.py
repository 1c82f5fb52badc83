"""A difference is accepted only where the table says so."""

import pytest

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.facts import Other
from tests.differential.compare import explain_unseen
from tests.differential.tshark import Row

NVGRE = ("ip", "gre", "eth", "ethertype", "ip", "icmp", "data")
NOT_IP = Other(Oddity.NOT_IP, ethertype=0x8847)
GRE_OTHER = Other(Oddity.GRE_OTHER, b"\x0a\0\0\1", b"\x0a\0\0\2")
MIRROR = GRE_OTHER._replace(oddity=Oddity.NVGRE_IN_ERSPAN)


def row(*layers: str) -> Row:
    return Row(1, 0, 100, 100, True, "", layers, {})


@pytest.mark.parametrize(
    ("facts", "layers", "name"),
    [
        (MIRROR, ("eth", "ethertype", "ip", "gre", "erspan", "eth", *NVGRE), "mirror: ERSPAN"),
        # It was not looked into.
        (GRE_OTHER, ("eth", "ethertype", "ip", "gre", "erspan", "eth", *NVGRE), None),
        (NOT_IP, ("eth", "ethertype", "mpls", *NVGRE), None),
        (NOT_IP, ("eth", "ethertype", "vntag", "ethertype", *NVGRE), None),
        (NOT_IP, ("eth", "llc", *NVGRE), None),
        # Nothing is between, or something else.
        (NOT_IP, ("eth", "ethertype", *NVGRE), None),
        (NOT_IP, ("eth", "ethertype", "pbb", "eth", *NVGRE), None),
        # The decoder came as far as IP, and said something else.
        (Other(Oddity.NOT_GRE), ("eth", "ethertype", "mpls", *NVGRE), None),
        (Other(Oddity.MALFORMED), ("eth", "llc", *NVGRE), None),
        (GRE_OTHER, ("eth", "ethertype", *NVGRE), None),
        # The layer is somewhere else: the decoder looked so far, and must look further.
        (MIRROR, ("eth", "ethertype", "ip", "gre", "eth", *NVGRE, "erspan"), None),
    ],
)
def test_unseen_nvgre_is_accepted_only_behind_a_layer_of_the_table(facts, layers, name):
    assert explain_unseen(facts, row(*layers)) == name
