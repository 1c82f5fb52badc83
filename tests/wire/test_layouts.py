"""Every row of the key's range table, at its borders (draft-00; RFC 7637 sections 3.2 and 3.4)."""

import pytest

from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.layouts import Reading

# key, what its value says, fits draft-00, fits RFC 7637
TABLE = [
    (0x00000000, Reading.NEITHER, False, False),
    (0x00000064, Reading.NEITHER, False, False),
    (0x00000FFF, Reading.NEITHER, False, False),  # last reserved TNI
    (0x00001000, Reading.OLD_ONLY, True, False),  # first TNI
    (0x00001389, Reading.OLD_ONLY, True, False),  # TNI 5001; VSID 19 is reserved
    (0x000FFFFF, Reading.OLD_ONLY, True, False),  # VSID 0xFFF is the last reserved one
    (0x00100000, Reading.EITHER, True, True),  # VSID 0x1000 is the first
    (0x00138900, Reading.EITHER, True, True),  # VSID 5001, and a fine TNI too
    (0x00FFFFFE, Reading.EITHER, True, True),  # last TNI
    (0x00FFFFFF, Reading.CONTROL, False, True),  # NVE to NVE in the old position
    (0x01000000, Reading.CURRENT_ONLY, False, True),  # first with a top octet
    (0x5B8D8000, Reading.CURRENT_ONLY, False, True),  # VSID 6000000
    (0xFFFFFEFF, Reading.CURRENT_ONLY, False, True),  # VSID 0xFFFFFE is the last
    (0xFFFFFF00, Reading.CONTROL, False, False),  # NVE to NVE
    (0xFFFFFFFF, Reading.CONTROL, False, False),
]


@pytest.mark.parametrize(("gre_key", "reading", "old", "current"), TABLE)
def test_a_key_says_what_the_table_says(gre_key, reading, old, current):
    assert layouts.reading(gre_key) is reading
    assert layouts.fits_old(gre_key) is old
    assert layouts.fits_current(gre_key) is current
    assert layouts.is_control(gre_key) is (reading is Reading.CONTROL)


# key, VSID, FlowID, reserved octet, TNI
SPLITS = [
    (0x00001389, 0x000013, 0x89, 0x00, 0x001389),
    (0x00138900, 0x001389, 0x00, 0x00, 0x138900),
    (0x12345602, 0x123456, 0x02, 0x12, 0x345602),
    (0xFFFFFFFF, 0xFFFFFF, 0xFF, 0xFF, 0xFFFFFF),
]


@pytest.mark.parametrize(("gre_key", "vsid", "flow_id", "octet", "tni"), SPLITS)
def test_a_key_is_split_at_the_right_bits(gre_key, vsid, flow_id, octet, tni):
    assert layouts.vsid(gre_key) == vsid
    assert layouts.flow_id(gre_key) == flow_id
    assert layouts.reserved_octet(gre_key) == octet
    assert layouts.tni(gre_key) == tni


@pytest.mark.parametrize(
    ("network_id", "usable"),
    [(0, False), (0xFFF, False), (0x1000, True), (5001, True), (0xFFFFFE, True), (0xFFFFFF, False)],
)
def test_reserved_network_ids_are_not_usable(network_id, usable):
    assert layouts.is_usable(network_id) is usable


def test_nvgre_is_key_flag_and_transparent_ethernet():
    assert layouts.GRE_FLAGS == 0x2000
    assert layouts.GRE_PROTOCOL == 0x6558
