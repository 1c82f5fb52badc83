"""The oddities of which a frame that is no NVGRE and no ICMP error has exactly one."""

from nvgre_doctor.vocabulary import Oddity

OF_OTHER_FRAMES = frozenset(
    {
        Oddity.NOT_IP,
        Oddity.NOT_GRE,
        Oddity.VXLAN,
        Oddity.NVGRE_IN_VXLAN,
        Oddity.NVGRE_IN_ERSPAN,
        Oddity.WIRELESS,
        Oddity.GRE_WITHOUT_KEY,
        Oddity.GRE_OTHER,
        Oddity.LATER_FRAGMENT,
        Oddity.TOO_SHORT,
        Oddity.TRUNCATED,
        Oddity.MALFORMED,
        Oddity.LINKTYPE,
    }
)
