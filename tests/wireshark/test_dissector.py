"""The fields, filters and expert notes of nvgre.lua, in the real tshark, installed as its users
install it.
"""

import struct

import pytest

from tests import build
from tests.wireshark.person import REPOSITORY, Person

pytestmark = pytest.mark.peer

HOST1, HOST2 = "192.168.50.1", "192.168.50.2"
HOST1_V6, HOST2_V6 = "fd00:50::1", "fd00:50::2"
VM1, VM2 = "10.1.1.11", "10.1.1.12"
ICMP, TCP, GRE, ICMPV6 = 1, 6, 47, 58
OLD_5001, CURRENT_5001 = 0x00001389, 0x00138900
SAMPLES = REPOSITORY / "sample_pcaps"


def ping(key: int, src: str = HOST1, dst: str = HOST2) -> bytes:
    """The outer packet of a VM's echo request."""
    inner = build.inner_frame(
        "00:15:5d:0a:00:01", "00:15:5d:0a:00:02", build.ipv4(VM1, VM2, ICMP, build.echo())
    )
    return build.nvgre(src, dst, key, inner)


def refusal(quote: bytes, key: int = OLD_5001, type: int = 3, code: int = 10) -> bytes:
    """HOST2 answers HOST1 inside NVGRE, host to host; the outer packet."""
    packet = build.ipv4(HOST2, HOST1, ICMP, build.icmp(type, code, quote))
    return build.nvgre(
        HOST2, HOST1, key, build.inner_frame("3c:d9:2b:f0:50:02", "3c:d9:2b:f0:50:01", packet)
    )


def refusal_v6(quote: bytes, key: int = OLD_5001) -> bytes:
    error = build.icmp6(HOST2_V6, HOST1_V6, 1, 1, quote)
    packet = build.ipv6(HOST2_V6, HOST1_V6, ICMPV6, error)
    return build.nvgre(
        HOST2_V6, HOST1_V6, key, build.inner_frame("3c:d9:2b:f0:50:02", "3c:d9:2b:f0:50:01", packet)
    )


def bare_gre(key: int, rest: bytes = b"") -> bytes:
    return struct.pack(">HHI", 0x2000, 0x6558, key) + rest


def test_both_readings_of_a_key_are_fields(person: Person) -> None:
    expected = [
        # key, reserved octet, TNI, VSID, FlowID, reading
        ("0x00000000", "0x00", "0", "0", "0", "neither"),
        ("0x00000fff", "0x00", "4095", "15", "255", "neither"),
        ("0x00001000", "0x00", "4096", "16", "0", "draft-00 only"),
        ("0x00001389", "0x00", "5001", "19", "137", "draft-00 only"),
        ("0x000fffff", "0x00", "1048575", "4095", "255", "draft-00 only"),
        ("0x00100000", "0x00", "1048576", "4096", "0", "either"),
        ("0x00138900", "0x00", "1280256", "5001", "0", "either"),
        ("0x00fffffe", "0x00", "16777214", "65535", "254", "either"),
        ("0x00ffffff", "0x00", "16777215", "65535", "255", "control"),
        ("0x01000000", "0x01", "0", "65536", "0", "RFC 7637 only"),
        ("0x01ffffff", "0x01", "16777215", "131071", "255", "RFC 7637 only"),
        ("0xfffffeff", "0xff", "16776959", "16777214", "255", "RFC 7637 only"),
        ("0xffffff00", "0xff", "16776960", "16777215", "0", "control"),
        ("0xffffffff", "0xff", "16777215", "16777215", "255", "control"),
    ]
    capture = person.capture(*(build.ethernet(ping(int(row[0], 16))) for row in expected))
    names = (
        "nvgre.key",
        "nvgre.reserved",
        "nvgre.tni",
        "nvgre.vsid",
        "nvgre.flowid",
        "nvgre.reading",
    )
    assert person.fields(capture, *names) == expected
    assert person.matches(capture, "nvgre.quoted") == []


@pytest.mark.parametrize(
    ("display_filter", "frames"),
    [
        ("nvgre", [1, 2, 3]),
        ("nvgre.tni == 5001", [1]),
        ("nvgre.vsid == 5001", [2, 3]),
        ("nvgre.vsid == 5001 && nvgre.flowid != 0", [3]),
        ("nvgre.key == 0x00001389", [1]),
        ('nvgre.reading == "draft-00 only"', [1]),
        ('nvgre.reading == "either"', [2, 3]),
        ("nvgre.reserved == 0", [1, 2, 3]),
        ("nvgre.quoted", [4]),
        ("nvgre.quoted == 0x00138900", [4]),
        ("nvgre.quoted.vsid == 5001", [4]),
        ("nvgre.quoted.tni == 1280256", [4]),
        ("nvgre.quoted.flowid == 0 && nvgre.quoted.reserved == 0", [4]),
        ('nvgre.quoted.reading == "either"', [4]),
        ("nvgre.refused", [4]),
        ("nvgre.old_only", [1]),
        ("nvgre.neither", []),
    ],
)
def test_what_a_host_sent_and_what_an_error_quotes_are_filtered_apart(
    person: Person, display_filter: str, frames: list[int]
) -> None:
    error = build.ipv4(HOST2, HOST1, ICMP, build.icmp(3, 10, ping(CURRENT_5001)[:28]))
    packets = [ping(OLD_5001), ping(CURRENT_5001), ping(CURRENT_5001 | 0x2A), error]
    capture = person.capture(
        *(build.ethernet(packet) for packet in packets), build.ethernet(build.arp("", HOST1, HOST2))
    )
    assert person.matches(capture, display_filter) == frames


@pytest.mark.parametrize(
    ("packet", "message"),
    [
        (refusal(bare_gre(CURRENT_5001)), "ICMP type 3 code 10"),
        (refusal(bare_gre(CURRENT_5001, b"\x00\x15\x5d")), "ICMP type 3 code 10"),
        (refusal_v6(bare_gre(CURRENT_5001)), "ICMPv6 type 1 code 1"),
        (refusal_v6(ping(CURRENT_5001, HOST1_V6, HOST2_V6)), "ICMPv6 type 1 code 1"),
        (refusal(ping(CURRENT_5001)), "ICMP type 3 code 10"),
    ],
    ids=[
        "bare GRE",
        "bare GRE and a cut MAC",
        "bare GRE, IPv6",
        "outer IPv6 header",
        "outer IPv4 header",
    ],
)
def test_an_inner_unreachable_shows_the_refused_key_and_is_control_traffic_itself(
    person: Person, packet: bytes, message: str
) -> None:
    capture = person.capture(build.ethernet(packet))
    names = (
        "nvgre.key",
        "nvgre.reading",
        "nvgre.quoted",
        "nvgre.quoted.vsid",
        "nvgre.quoted.reading",
    )
    assert person.fields(capture, *names) == [
        ("0x00001389", "control", "0x00138900", "5001", "either")
    ]
    assert person.matches(
        capture, f'_ws.expert.message contains "0x00138900 was refused ({message})"'
    ) == [1]
    assert person.matches(capture, "nvgre.old_only") == []


def test_an_unreachable_that_quotes_no_key_is_a_refusal_when_the_host_itself_sends_it(
    person: Person,
) -> None:
    guests_packet = build.ipv4(VM1, VM2, TCP, build.tcp(VM1, VM2, 49200, 3389))
    answer = build.ipv4(VM2, VM1, ICMP, build.icmp(3, 10, guests_packet[:28]))
    inside = build.inner_frame("00:15:5d:0a:00:02", "00:15:5d:0a:00:01", answer)
    capture = person.capture(
        build.ethernet(refusal(guests_packet[:28], key=OLD_5001)),  # the host's own UNREACHABLE
        build.ethernet(build.nvgre(HOST2, HOST1, OLD_5001, inside)),  # the guest's own firewall
    )
    assert person.fields(capture, "nvgre.reading", "nvgre.quoted") == [
        ("control", ""),
        ("draft-00 only", ""),
    ]
    assert person.matches(capture, "nvgre.refused") == [1]


def test_a_redirect_is_control_traffic_and_no_refusal(person: Person) -> None:
    capture = person.capture(
        build.ethernet(refusal(build.ipv4(VM1, VM2, TCP, b"")[:20], type=5, code=10))
    )
    assert person.fields(capture, "nvgre.reading", "nvgre.refused") == [("control", "")]


def test_other_icmp_errors_quote_a_key_without_being_a_refusal(person: Person) -> None:
    quote = ping(OLD_5001)[:28]
    errors = [build.icmp(3, 2, quote), build.icmp(3, 4, quote, rest=1400), build.icmp(11, 0, quote)]
    capture = person.capture(
        *(build.ethernet(build.ipv4(HOST2, HOST1, ICMP, error)) for error in errors)
    )
    assert person.matches(capture, "nvgre.quoted.tni == 5001") == [1, 2, 3]
    assert person.matches(capture, "nvgre || nvgre.refused || nvgre.old_only") == []


def test_a_bare_gre_quote_is_read_outside_of_nvgre_too(person: Person) -> None:
    error = build.icmp(3, 10, bare_gre(CURRENT_5001))
    capture = person.capture(build.ethernet(build.ipv4(HOST2, HOST1, ICMP, error)))
    assert person.fields(capture, "nvgre.key", "nvgre.quoted") == [("", "0x00138900")]


def test_ping_data_that_looks_like_gre_is_no_quote(person: Person) -> None:
    echo = build.icmp(8, 0, bare_gre(CURRENT_5001))
    capture = person.capture(build.ethernet(build.ipv4(HOST2, HOST1, ICMP, echo)))
    assert person.fields(capture, "nvgre.quoted") == [("",)]


def test_the_padding_behind_a_short_quote_is_no_key(person: Person) -> None:
    error = build.icmp(3, 10, bytes.fromhex("20006558"))
    capture = person.capture(build.ethernet(build.ipv4(HOST2, HOST1, ICMP, error)) + bytes(14))
    assert person.fields(capture, "nvgre.quoted") == [("",)]


def test_every_cut_of_a_frame_shows_what_is_left_and_no_lua_error(person: Person) -> None:
    whole = build.ethernet(refusal(bare_gre(CURRENT_5001)))
    capture = person.capture(
        *(whole[:length] for length in range(1, len(whole) + 1)), wire_length=len(whole)
    )
    shown = person.fields(capture, "nvgre.key", "nvgre.quoted", "_ws.lua.error")
    # 14 Ethernet + 20 IP + 8 GRE with the key; the quoted key ends the frame.
    no_key, with_key, with_both = (
        ("", "", ""),
        ("0x00001389", "", ""),
        ("0x00001389", "0x00138900", ""),
    )
    assert len(whole) == 92
    assert shown == [no_key] * 41 + [with_key] * 50 + [with_both]


def test_every_cut_of_an_outer_error_shows_what_is_left_and_no_lua_error(person: Person) -> None:
    whole = build.ethernet(
        build.ipv4(HOST2, HOST1, ICMP, build.icmp(3, 10, ping(CURRENT_5001)[:28]))
    )
    capture = person.capture(
        *(whole[:length] for length in range(1, len(whole) + 1)), wire_length=len(whole)
    )
    shown = person.fields(capture, "nvgre.quoted", "_ws.lua.error")
    assert shown == [("", "")] * 69 + [("0x00138900", "")]


def test_a_reassembled_error_inside_does_not_turn_the_outer_key_into_a_quote(
    person: Person,
) -> None:
    error = build.icmp(3, 3, build.ipv4(VM1, VM2, 17, bytes(48)))
    first = build.ipv4(VM2, VM1, ICMP, error[:40], ident=7, fragment=0x2000)
    last = build.ipv4(VM2, VM1, ICMP, error[40:], ident=7, fragment=5)
    frames = [
        build.ethernet(
            build.nvgre(
                HOST2,
                HOST1,
                OLD_5001,
                build.inner_frame(build.SOURCE_MAC, build.DESTINATION_MAC, part),
            )
        )
        for part in (first, last)
    ]
    capture = person.capture(*frames)
    assert person.fields(capture, "icmp.type", "nvgre.key", "nvgre.quoted") == [
        ("", "0x00001389", ""),
        ("3", "0x00001389", ""),
    ]


def test_each_of_several_gre_headers_is_judged_by_its_own_protocol(person: Person) -> None:
    guests_tunnel = build.nvgre(
        VM1, VM2, 77, build.inner_frame(build.SOURCE_MAC, build.DESTINATION_MAC, b"", 0x88B5)
    )
    inside = build.inner_frame(build.SOURCE_MAC, build.DESTINATION_MAC, guests_tunnel)
    ip_in_gre = build.ipv4(HOST1, HOST2, GRE, build.gre(ping(CURRENT_5001), key=9, protocol=0x0800))
    capture = person.capture(
        build.ethernet(build.nvgre(HOST1, HOST2, OLD_5001, inside)), build.ethernet(ip_in_gre)
    )
    assert person.fields(capture, "nvgre.key", "nvgre.reading", "nvgre.quoted") == [
        ("0x00001389,0x0000004d", "draft-00 only,neither", ""),
        ("0x00138900", "either", ""),
    ]


def test_gre_that_is_not_nvgre_gets_no_fields(person: Person) -> None:
    payload = build.ipv4(VM1, VM2, ICMP, build.echo())
    frame = build.inner_frame(build.SOURCE_MAC, build.DESTINATION_MAC, payload)
    packets = [
        build.gre(payload, key=OLD_5001, protocol=0x0800),
        build.gre(frame),  # no key
        build.gre(frame, key=OLD_5001, protocol=0x88BE),
        build.gre(b"", protocol=0),  # keepalive
    ]
    capture = person.capture(
        *(build.ethernet(build.ipv4(HOST1, HOST2, GRE, packet)) for packet in packets)
    )
    assert person.matches(capture, "nvgre || nvgre.quoted") == []


def test_checksum_and_sequence_number_do_not_move_the_key(person: Person) -> None:
    frame = build.inner_frame(build.SOURCE_MAC, build.DESTINATION_MAC, b"", 0x88B5)
    header = build.gre(frame, key=OLD_5001, checksum=True, sequence=1)
    capture = person.capture(build.ethernet(build.ipv4(HOST1, HOST2, GRE, header)))
    assert person.fields(capture, "nvgre.key", "nvgre.tni") == [("0x00001389", "5001")]


@pytest.mark.parametrize("linktype", [0, 1, 101, 113, 276])
@pytest.mark.parametrize(("src", "dst"), [(HOST1, HOST2), (HOST1_V6, HOST2_V6)])
def test_the_link_layer_and_the_ip_version_do_not_matter(
    person: Person, linktype: int, src: str, dst: str
) -> None:
    capture = person.capture(build.link(linktype, ping(OLD_5001, src, dst)), linktype=linktype)
    assert person.fields(capture, "nvgre.tni", "nvgre.reading") == [("5001", "draft-00 only")]


def test_expert_information_lists_old_keys_and_refusals(person: Person) -> None:
    report = person.tshark(
        "-r", SAMPLES / "01-mismatch-pings-refused.pcapng", "-q", "-z", "expert,warn"
    )
    lines = [line.split(maxsplit=3) for line in report.splitlines() if "NVGRE" in line]
    assert sorted(lines) == [
        ["8", "Protocol", "NVGRE",
         "GRE Key 0x00001389: only the old NVGRE layout (draft-00) explains it, as TNI 5001; "
         "or a plain tunnel number of Open vSwitch or Linux"],
        ["8", "Response", "NVGRE",
         "An NVGRE frame with GRE Key 0x00001389 was refused (ICMP type 3 code 10)"],
        ["8", "Response", "NVGRE",
         "An NVGRE frame with GRE Key 0x00138900 was refused (ICMP type 3 code 10)"],
    ]  # fmt: skip


def test_a_key_that_is_reserved_under_both_layouts_is_a_note(person: Person) -> None:
    report = person.tshark("-r", person.capture(build.ethernet(ping(5))), "-q", "-z", "expert,note")
    assert "Notes (1)" in report
    assert "GRE Key 0x00000005 is reserved under both NVGRE layouts" in report


@pytest.mark.parametrize(
    ("sample", "nvgre", "old_only", "refused"),
    [
        ("01-mismatch-pings-refused.pcapng", 32, 8, 16),
        ("02-all-updated.pcapng", 30, 0, 0),
        ("03-all-old.pcapng", 23, 23, 0),
        ("05-value-cannot-tell-nothing-does.pcapng", 8, 0, 0),
        ("06-host-updated-during-capture.pcapng", 24, 2, 4),
        ("07-refused-but-layouts-agree.pcapng", 18, 0, 4),
        ("08-plain-gre-open-vswitch.pcap", 17, 17, 0),
        ("09-mismatch-over-ipv6.pcapng", 16, 4, 8),
    ],
)
def test_the_samples_show_what_their_story_says(
    person: Person, sample: str, nvgre: int, old_only: int, refused: int
) -> None:
    rows = person.fields(SAMPLES / sample, "nvgre.key", "nvgre.old_only", "nvgre.refused")
    assert [sum(bool(value) for value in column) for column in zip(*rows, strict=True)] == [
        nvgre,
        old_only,
        refused,
    ]


def test_a_file_cut_short_is_shown_up_to_its_end(person: Person) -> None:
    sample = SAMPLES / "10-mismatch-file-cut-short.pcap"
    done = person.run(
        "tshark", "-r", sample, "-Y", "nvgre.key", "-T", "fields", "-e", "frame.number"
    )
    # Frames 1-4 are the underlay; the 23rd is not complete.
    assert done.stdout.split() == [str(number) for number in range(5, 23)]
    assert "cut short in the middle of a packet" in done.stderr


def test_the_plugin_can_be_given_on_the_command_line_without_being_installed(
    newcomer: Person,
) -> None:
    script = REPOSITORY / "nvgre_doctor" / "wireshark" / "nvgre.lua"
    capture = newcomer.capture(build.ethernet(ping(OLD_5001)))
    shown = newcomer.fields(capture, "nvgre.tni", options=("-X", f"lua_script:{script}"))
    assert shown == [("5001",)]


def test_loading_the_plugin_twice_does_no_harm(person: Person) -> None:
    capture = person.capture(build.ethernet(ping(OLD_5001)))
    assert person.fields(capture, "nvgre.tni", options=("-X", f"lua_script:{person.plugin}")) == [
        ("5001",)
    ]


def test_the_details_pane_explains_the_key_in_words(person: Person) -> None:
    details = person.tshark("-r", person.capture(build.ethernet(ping(OLD_5001))), "-O", "nvgre")
    lines = [line.strip() for line in details.splitlines()]
    start = next(number for number, line in enumerate(lines) if line.startswith("NVGRE"))
    assert lines[start : start + 8] == [
        "NVGRE, GRE Key 0x00001389, TNI 5001 (draft-00 only)",
        "GRE Key: 0x00001389",
        "Reserved octet (draft-00, must be 0): 0x00",
        "TNI (draft-00): 5001",
        "VSID (RFC 7637): 19",
        "FlowID (RFC 7637): 137",
        "[Reading: draft-00 only]",
        (
            "[Expert Info (Warning/Protocol): GRE Key 0x00001389: only the old NVGRE layout"
            " (draft-00) explains it, as TNI 5001; or a plain tunnel number of Open vSwitch or"
            " Linux]"
        ),
    ]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (OLD_5001, "TNI 5001 (draft-00 only)"),
        (0xFFFFFEFF, "VSID 16777214 (RFC 7637 only)"),
        (0x00FFFFFE, "VSID 65535 (RFC 7637) or TNI 16777214 (draft-00)"),
        (0xFFFFFF00, "control traffic"),
        (0x00000FFF, "reserved under both layouts"),
    ],
)
def test_what_a_key_means_fits_into_half_a_window_of_1280_pixels(
    person: Person, key: int, words: str
) -> None:
    details = person.tshark("-r", person.capture(build.ethernet(ping(key))), "-O", "nvgre")
    (line,) = (line for line in details.splitlines() if line.startswith("NVGRE"))
    assert line == f"NVGRE, GRE Key 0x{key:08x}, {words}"
    assert len(line) <= 76  # 8 pixels each, beside the arrow of the tree


def test_the_packet_list_has_the_outermost_addresses_whatever_is_inside(person: Person) -> None:
    packets = [
        ping(OLD_5001),
        ping(OLD_5001, HOST1_V6, HOST2_V6),  # IPv4 inside IPv6
        build.nvgre(
            HOST1,
            HOST2,
            OLD_5001,
            build.inner_frame(
                build.SOURCE_MAC,
                build.DESTINATION_MAC,
                build.ipv6(HOST1_V6, HOST2_V6, 58, build.echo6(HOST1_V6, HOST2_V6)),
            ),
        ),
        build.ipv4(HOST2, HOST1, ICMP, build.icmp(3, 10, ping(CURRENT_5001)[:28])),
        build.ipv4(HOST1, HOST2, ICMP, build.echo()),
    ]
    capture = person.capture(*map(build.ethernet, packets))
    rows = person.fields(
        capture, "nvgre.source", "nvgre.destination", "nvgre.about", "nvgre.about.id"
    )
    assert rows == [
        (HOST1, HOST2, "0x00001389", "TNI 5001"),
        (HOST1_V6, HOST2_V6, "0x00001389", "TNI 5001"),
        (HOST1, HOST2, "0x00001389", "TNI 5001"),
        (HOST2, HOST1, "0x00138900", "5001 or 1280256"),
        (HOST1, HOST2, "", ""),
    ]
