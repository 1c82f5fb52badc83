"""Situations that people reported, each with its right answer.

The captures lie in the folder `reports` of NVGRE_DOCTOR_CASES; what is right stands here as it does
there.
"""

import json
from pathlib import Path

import pytest

from tests.program import run
from tests.proof.claims import Right, wrong

ONE, TWO, ROUTER = "10.20.0.11", "10.20.0.12", "10.20.0.254"
UNKNOWN = {ONE: "unknown none"}
HYPER_V_CMDLETS = ("Get-NetVirtualization", "Get-HotFix", "KB2779768")
INSTALL = "Install KB2779768"
MISMATCH = Right(
    "a mismatch is found behind whatever lies before IP",
    hosts={ONE: "draft-00 proven", TWO: "rfc7637 proven"},
    pairs={(ONE, TWO): "mismatch"},
    verdict="mismatch",
    exit_code=1,
)
MISMATCH_V6 = MISMATCH._replace(
    hosts={"2001:db8:50::11": "draft-00 proven", "2001:db8:50::12": "rfc7637 proven"},
    pairs={("2001:db8:50::11", "2001:db8:50::12"): "mismatch"},
)
ONLY_304 = Right(
    "a quote without MACs is no VM pair, and adds none to a count of VM pairs",
    hosts=UNKNOWN,
    codes=("NVG304",),
    no_codes=("NVG201", "NVG302", "NVG303", "NVG"),
    never_says=(INSTALL,),
)
REPORTED = {
    "a01-quote-counts-as-second-vm-pair.pcap": ONLY_304,
    "a01-control-no-icmp.pcap": Right("one frame is never more than likely", hosts=UNKNOWN),
    "a01-control-quote-with-macs.pcap": Right(
        "a quote supports a layout only where a data frame was captured", hosts=UNKNOWN
    ),
    "a02-whole.pcap": Right(
        "a frame that is cut before its MACs is no VM pair of its own",
        files=("a02-whole.pcap", "a02-cut-42.pcap"),
        hosts=UNKNOWN,
        never_says=(INSTALL,),
    ),
    "b02-openbsd-nvgre-vnetid-1234-flowid.pcap": Right(
        "a VM pair with varying low octets is not draft-00, also where its VSID is reserved",
        hosts={ONE: "rfc7637 likely|rfc7637 proven", TWO: "rfc7637 likely|rfc7637 proven"},
        codes=("NVG401",),
        no_codes=("NVG201",),
    ),
    "b02c-vsid-1234-flowids-one-way.pcap": Right(
        "a VM pair with varying low octets is not draft-00, heard one way as well",
        hosts={ONE: "rfc7637 likely|rfc7637 proven"},
        codes=("NVG401",),
        no_codes=("NVG201", "NVG"),
        exit_code=0,
    ),
    "b03-antrea-ovs-key-0-mtu.pcap": Right(
        "plain GRE is not blamed",
        codes=("NVG305", "NVG401"),
        no_codes=("NVG",),
        says=("1500", "42"),
    ),
    "b04b-linux-guest-mtu-1500-icmp-3-4.pcap": Right(
        "what does not fit the path is told", codes=("NVG305",), no_codes=("NVG",)
    ),
    "b05-gateway-cluster-unrouted-3-1.pcap": ONLY_304,
    "b06-firewall-in-between-3-10.pcap": Right(
        "a third address that refuses is named, in the headline and in the next step",
        hosts=UNKNOWN,
        refusals=((ONE, TWO, ROUTER, "third-party", None),),
        says=(f"refused by {ROUTER} on the way", f"let {ROUTER} pass IP protocol 47"),
        never_says=(INSTALL, f"refused by {TWO}"),
        no_codes=("NVG201",),
    ),
    "b07-neutron-key-2-rhel-reject.pcap": Right(
        "a host without a sign of Hyper-V is not told to run a cmdlet",
        no_codes=("NVG201", "NVG301", "NVG302"),
        says=("IP protocol 47",),
        never_says=HYPER_V_CMDLETS,
    ),
    "b08-gretap-keys-1001-1002.pcap": Right(
        "next steps fit the sender: two ends with two keys",
        no_codes=("NVG201", "NVG301", "NVG"),
        says=("no tunnel with this key", "compare the keys", "1001", "1002"),
        never_says=HYPER_V_CMDLETS,
    ),
    "b09-pktmon-duplicates-mismatch.pcapng": MISMATCH._replace(
        rule="copies of one packet count once, and are named", codes=("NVG104",)
    ),
    "b12-two-interfaces-sll-and-ethernet.pcapng": MISMATCH,
    "b14-captured-above-original.pcapng": MISMATCH,
    "b15-pktmon-wifi-as-ethernet.pcapng": Right(
        "what is there instead of NVGRE has a name", says=("802.11",), no_codes=("NVG",)
    ),
    "b17-lso-total-length-0.pcap": MISMATCH,
    "b18-switch-mirror-0x6558-no-key.pcap": Right(
        "plain GRE is not blamed",
        says=("Ethernet over GRE without a key",),
        no_codes=("NVG",),
        only_hosts=(),
    ),
    "b20-128-octets-unreachable.pcap": MISMATCH._replace(
        refusals=((ONE, TWO, TWO, "layout-mismatch", None),)
    ),
    "b20b-54-octets.pcap": Right(
        "control frames that are too short to read are counted",
        hosts={ONE: "draft-00 proven|draft-00 likely|unknown none"},  # cut before the EtherType
        says=("5 control frames|5 frames of control traffic",),
    ),
    "b21-l3-gre-key-1001-keepalive.pcap": Right(
        "plain GRE is not blamed", says=("other GRE",), no_codes=("NVG",), only_hosts=()
    ),
    "b22-mpls-label-mismatch.pcap": MISMATCH,
    "b22b-qinq-mismatch.pcap": MISMATCH,
    "b23-guest-firewall-3-10.pcap": Right(
        "an error that comes from inside a tunnel is the guest's own",
        refusals=(),
        other_icmp_3_10=4,
        no_codes=("NVG", "NVG302", "NVG303"),
        hosts={ONE: "rfc7637 likely|unknown none", TWO: "rfc7637 likely|unknown none"},
    ),
    "b25-ipv6-provider-mismatch.pcap": MISMATCH_V6,
    "b26-checksum-bit-offload.pcap": Right(  # one key, both ways: no mismatch that a frame shows
        "a header that breaks RFC 7637 is named", codes=("NVG402",)
    ),
    "c01-policy-missing-bare-gre-quote.pcap": Right(
        "layouts that are not known are no cause of a refusal",
        codes=("NVG303",),
        no_codes=("NVG404", "NVG302"),
        refusals=((ONE, TWO, TWO, "policy|unknown", 5),),
    ),
    "c01b-policy-missing-inner-ip-quote.pcap": Right(
        "layouts that are not known are no cause of a refusal",
        codes=("NVG303",),
        no_codes=("NVG404", "NVG302"),
        refusals=((ONE, TWO, TWO, "policy|unknown", 5),),
    ),
    "c04-neutron-keys-whole-32-bit-range.pcap": Right(
        "a sender that is not HNV may write any key: no layout, and no change",
        hosts={ONE: "unknown none", TWO: "unknown none"},
        senders={ONE: "other", TWO: "other"},
        changes={ONE: (), TWO: ()},
        no_codes=("NVG202", "NVG203", "NVG"),
        says=("plain GRE",),
    ),
    "c07-ovs-on-hyper-v-key-5001.pcap": Right(
        "the MACs of guests say where guests live, not who encapsulates",
        senders={ONE: "other|unclear", TWO: "other|unclear"},
        pairs={(ONE, TWO): "agree|unknown"},
        no_codes=("NVG301", "NVG"),
        says=("plain GRE",),
        never_says=(INSTALL,),
        exit_code=0,
    ),
    "c18-key-byte-swapped.pcap": Right(
        "a VM pair of one subnet with two ids that no layouts equate is not health",
        hosts={ONE: "rfc7637 likely", TWO: "rfc7637 likely|unknown none"},
        codes=("NVG308",),
        says=("5001", "35091"),
        not_verdict="healthy",
    ),
    "c22-guest-gretap-inside-nvgre.pcap": Right(
        "what guests carry makes no hosts", only_hosts=(ONE, TWO), no_codes=("NVG",)
    ),
    "c23-acl-3-13.pcap": ONLY_304,
    "c24-protocol-unreachable-3-2.pcap": Right(
        "an error that is no refusal has its own finding", codes=("NVG304",), no_codes=("NVG",)
    ),
    "c25-two-vm-pairs-same-flowid.pcap": Right(
        "a low octet is likely at most, and a likely finding says: find out first",
        hosts={ONE: "draft-00 likely|unknown none"},
        never_says=(INSTALL,),
    ),
    "c26-broadcast-arp-only-old.pcap": Right(  # identical octets: one packet, or four
        "proven only with two packets or more",
        hosts={ONE: "draft-00 proven|draft-00 likely"},
    ),
    "c30-erspan-mirror-of-mismatch.pcap": Right(
        "what is there instead of NVGRE has a name", says=("ERSPAN",)
    ),
    "e01-ip6gretap-encap-limit.pcap": MISMATCH_V6,
    "e02-vn-tag-cisco-ucs.pcap": MISMATCH,
    "e04-llc-snap.pcap": MISMATCH,
    "e05-trailer.pcap": MISMATCH,
    "e06-ip-options.pcap": MISMATCH,
}

UNREADABLE = {
    "b11-etl2pcapng-total-length-plus-4.pcapng": ("180", "6"),
    "d01-capture.zip": ("unzip",),
    "d02-capture.tar.gz": ("tar -xf",),
    "d03-netmon2.cap": ("editcap",),
    "d04.erf": ("editcap",),
    "d05.snoop": ("editcap",),
}
"""Read where there is a reader; else exit 3, and this is said."""


def check(*paths: Path) -> tuple[int, dict[str, object]]:
    done = run("check", "--format", "json", *paths)
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("name", REPORTED)
def test_reported_case(name: str, cases: Path) -> None:
    right = REPORTED[name]
    exit_code, report = check(*(cases / "reports" / file for file in right.files or (name,)))
    assert wrong(right, report) == [], right.rule
    assert exit_code in ((0, 1) if right.exit_code is None else (right.exit_code,))


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_is_read_or_named_with_the_command(name: str, cases: Path) -> None:
    exit_code, report = check(cases / "reports" / name)
    (capture,) = report["captures"]
    message = " ".join(problem["message"] for problem in capture["problems"])
    if capture["frames"]:
        assert exit_code in (0, 1)
    else:
        assert exit_code == 3
        assert all(word in message for word in UNREADABLE[name]), message


def test_annotate_may_run_twice_where_there_is_nothing_to_say(cases: Path, tmp_path: Path) -> None:
    capture, out = cases / "reports" / "c22-guest-gretap-inside-nvgre.pcap", tmp_path / "out.pcapng"
    for _ in range(2):
        done = run("annotate", capture, "-o", out)
        assert done.returncode in (0, 1), done.stderr.decode()


def test_every_reported_case_has_its_answer(cases: Path) -> None:
    files = {path.name for path in (cases / "reports").iterdir() if path.suffix != ".md"}
    assert files == {*REPORTED, *UNREADABLE, "a02-cut-42.pcap"}
