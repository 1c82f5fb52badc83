"""Frames and NVGRE frames of every capture of the corpus are as many as tshark counts, but for the
captures listed here.
"""

from nvgre_doctor.capture import open_capture
from nvgre_doctor.scan.counting import scan
from tests import figures
from tests.differential.captures import corpus_index

GO, LE, BE = (
    "google+gopacket/pcapgo/tests/",
    "hadrielk+pcapng-test-generator/output_le/",
    "hadrielk+pcapng-test-generator/output_be/",
)
REGRESSIONS = "seladb+PcapPlusPlus/Tests/Fuzzers/RegressionTests/regression_samples/"

# (frames, NVGRE frames) as we count them, and as tshark does.
DIFFERENT = {
    # lz4, which the standard library cannot read: the program names it, with the command that
    # unpacks it.
    "derived/formats/all-nvgre.pcap.lz4": ((0, 0), (354, 267)),
    # One single record of a Red Hat, Nokia or SuSE relative of pcap: it cannot be told from a pcap
    # that is cut in its second record, which is far more common.  Read as such, its one frame
    # begins a few bytes too early and is not IP.
    "derived/formats/packetnet.rh6_1pcap.bin": ((1, 0), (1, 1)),
    "derived/formats/packetnet.nokiapcap.bin": ((1, 0), (1, 1)),
    "derived/formats/packetnet.suse6_3pcap.bin": ((1, 0), (1, 1)),
    # Custom blocks take a frame number in Wireshark and hold no packet: numbered here too, but not
    # counted as frames. test017 has 4 of them and nothing else, test018 has 4 beside 4 packets,
    # test102 and test202 have 3.
    **dict.fromkeys([GO + "le/test017.pcapng", GO + "be/test017.pcapng"], ((0, 0), (4, 0))),
    **dict.fromkeys([LE + "basic/test017.pcapng", BE + "basic/test017.pcapng"], ((0, 0), (4, 0))),
    "rusticata+pcap-parser/assets/test017-le.pcapng": ((0, 0), (4, 0)),
    "rusticata+pcap-parser/assets/test017-be.pcapng": ((0, 0), (4, 0)),
    **dict.fromkeys([GO + "le/test018.pcapng", GO + "be/test018.pcapng"], ((4, 0), (8, 0))),
    **dict.fromkeys([LE + "basic/test018.pcapng", BE + "basic/test018.pcapng"], ((4, 0), (8, 0))),
    **dict.fromkeys([GO + "le/test102.pcapng", GO + "be/test102.pcapng"], ((5, 0), (8, 0))),
    **dict.fromkeys(
        [LE + "advanced/test102.pcapng", BE + "advanced/test102.pcapng"], ((5, 0), (8, 0))
    ),
    **dict.fromkeys([GO + "le/test202.pcapng", GO + "be/test202.pcapng"], ((8, 0), (11, 0))),
    **dict.fromkeys(
        [LE + "difficult/test202.pcapng", BE + "difficult/test202.pcapng"], ((8, 0), (11, 0))
    ),
    # A fuzzed pcap of version 2.2, where the two lengths of a record are swapped (before 1993):
    # read as the usual order, its one record is longer than a frame can be.
    REGRESSIONS + "clusterfuzz-testcase-minimized-FuzzTarget-6604968558198784": ((0, 0), (1, 0)),
}


def test_the_captures_that_are_counted_differently_are_those_of_the_table(corpus):
    compared, different = 0, {}
    for row in corpus_index(corpus):
        if row["tshark_rc"] != "0":
            continue
        with open_capture(corpus / row["file"]) as capture:
            evidence = scan(capture.batches())
        ours = evidence.frames, evidence.nvgre_frames
        theirs = int(row["tshark_packets"]), int(row["nvgre_packets"])
        if ours != theirs:
            different[row["file"]] = ours, theirs
        compared += 1
    figures.COMPARED["captures of the corpus counted as tshark counts them"] = compared
    figures.DIFFERENCES["capture: counted differently, listed one by one"] = len(different)
    assert different == DIFFERENT
    assert compared == 1243
