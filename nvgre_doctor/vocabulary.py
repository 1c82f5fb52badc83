"""Every word that JSON shows: one enum for each set of words.  Imports nothing of ours."""

from enum import StrEnum


class Layout(StrEnum):
    """Which layout a host speaks."""

    OLD = "draft-00"
    CURRENT = "rfc7637"
    BOTH = "both"  # at the same time
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """The kinds of evidence, in the order in which a host's reasons are told."""

    INVENTORY = "inventory"
    BOTH_DIRECTIONS = "both-directions"
    LAYOUT_CHANGE = "layout-change"
    RANGE = "range"
    FLOW_ID = "flow-id"
    SAME_LAYOUT_PEER = "same-layout-peer"
    LOW_OCTET = "low-octet"


class Confidence(StrEnum):
    """How sure a verdict about a host is."""

    PROVEN = "proven"
    LIKELY = "likely"  # statistical evidence only
    NONE = "none"


class Assumption(StrEnum):
    """What a statement about a layout takes for granted: it is named wherever it is relied on."""

    VALUE = "A1"  # a Hyper-V host writes ids 4096..16777214 only, draft-00 a zero top octet
    RESTART = "A2"  # a host speaks one layout while it is not silent for 20 s
    VM_PAIR = "A3"  # two MACs whose customer addresses lie in one subnet have one VSID
    UNIQUE = "A4"  # a MAC pair is not cloned into several tenants
    CLOCKS = "A5"  # the clocks of several captures agree


class Sender(StrEnum):
    """What encapsulates at a provider address, judged apart from its layout."""

    HYPER_V = "hyper-v"
    OTHER = "other"  # a switch, a gateway, Open vSwitch: any number may be its key
    UNCLEAR = "unclear"


class Severity(StrEnum):
    """How bad a finding is, worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Verdict(StrEnum):
    """The answer in one word: the first that applies, in this order; the last two when there was
    nothing to judge.
    """

    MISMATCH = "mismatch"
    REFUSED = "refused"
    OLD_LAYOUT = "old-layout"
    UNDECIDED = "undecided"
    WARNINGS = "warnings"
    HEALTHY = "healthy"
    NO_NVGRE = "no-nvgre"
    UNREADABLE = "unreadable"


class PairVerdict(StrEnum):
    """What the layouts of two hosts mean for their traffic."""

    MISMATCH = "mismatch"
    AGREE = "agree"
    UNKNOWN = "unknown"


class Cause(StrEnum):
    """Why a flow is refused, as far as the layouts explain it."""

    LAYOUT_MISMATCH = "layout-mismatch"
    POLICY = "policy"
    THIRD_PARTY = "third-party"  # who refuses it is neither end of the flow
    UNKNOWN = "unknown"


class Status(StrEnum):
    """How far a capture could be read."""

    COMPLETE = "complete"
    CUT = "cut"  # damaged or cut short midway: everything before that point counts
    UNREADABLE = "unreadable"  # not a capture, or not one that we read: nothing counts
    EMPTY = "empty"  # a capture (or a file of zero bytes) without one frame
    INTERRUPTED = "interrupted"  # somebody stopped the reading: everything before that point counts


class Carried(StrEnum):
    """Where an ICMP error travelled."""

    INNER = "inner"  # inside an NVGRE packet, as MS-NVGREE 2.2.2 has it
    OUTER = "outer"  # on the underlay


class Fitness(StrEnum):
    """How good captures are for a diagnosis; a key may still fit both layouts."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


class Oddity(StrEnum):
    """What can be said of a frame beside its NVGRE data: why there is none, or what is unusual."""

    NOT_IP = "not-ip"
    NOT_GRE = "not-gre"  # TCP, UDP, ICMP that is no error, ...
    VXLAN = "vxlan"  # UDP 4789
    GRE_WITHOUT_KEY = "gre-without-key"  # protocol 0x6558, K=0
    GRE_OTHER = "gre-other"  # another GRE protocol or version: ERSPAN, PPTP, EoIP, IP in GRE, ...
    LATER_FRAGMENT = "later-fragment"  # of protocol 47: it carries no GRE header
    TOO_SHORT = "too-short"  # the snap length cuts before the GRE key of what may be NVGRE
    TRUNCATED = "truncated"  # cut before it could be told whether it is GRE at all
    MALFORMED = "malformed"  # header lengths or versions that contradict each other
    LINKTYPE = "linktype"  # a link type that cannot be decoded here
    # Of frames that are NVGRE:
    FIRST_FRAGMENT = "first-fragment"
    GRE_FLAGS = "gre-flags"  # other than RFC 7637 allows
    INNER_TAG = "inner-tag"
    HOST_ERROR = "host-error"  # it carries an UNREACHABLE or REDIRECT of its host
    CONTROL = "control"  # other NVGRE with an NVE-to-NVE key
    CUT_CONTROL = "cut-control"  # of these, those cut so short that they may be a host's error
    NOT_NVGRE = "not-nvgre"  # looks like NVGRE, and somebody knows better: never seen by the scan
