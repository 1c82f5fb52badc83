"""Refusals flow by flow, and how rules tell of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from nvgre_doctor.filters import for_wireshark
from nvgre_doctor.infer.diagnosis import At, RefusalFacts
from nvgre_doctor.infer.refusals import kind_of
from nvgre_doctor.wording import both_readings, icmp_codes, listed, plural

Flow = tuple[bytes, bytes]


def messages_text(refusals: list[RefusalFacts]) -> str:
    """`2 ICMP 3/10 messages`."""
    return plural(sum(refusal.count for refusal in refusals), f"{icmp_codes(refusals)} message")


def by_flow(refusals: Iterable[RefusalFacts]) -> Iterator[tuple[Flow, list[RefusalFacts]]]:
    """Source and destination with their refusals, in order."""
    flows: defaultdict[Flow, list[RefusalFacts]] = defaultdict(list)
    for refusal in refusals:
        flows[refusal.source, refusal.destination].append(refusal)
    yield from flows.items()


def frames_of(refusals: Iterable[RefusalFacts]) -> list[At]:
    """The examples of all of them."""
    return [at for refusal in refusals for at in refusal.frames]


def filter_of(refusals: Iterable[RefusalFacts]) -> str:
    """A display filter for ICMP errors of these kinds."""
    kinds = sorted({(*kind_of(refusal.sign), refusal.sign.reporter) for refusal in refusals})
    texts = [for_wireshark.icmp_error(*kind) for kind in kinds]
    return texts[0] if len(texts) == 1 else " || ".join(f"({text})" for text in texts)


def keys_text(refusals: Iterable[RefusalFacts]) -> str:
    """The keys that were refused, as far as the quotes hold them."""
    gre_keys = sorted({refusal.gre_key for refusal in refusals if refusal.gre_key is not None})
    if not gre_keys:
        return "the key is not in the quote"
    return "key " + listed((both_readings(gre_key) for gre_key in gre_keys), 2)
