"""Every packet of an event trace with all that dissect.etl says of its event, and its bytes.

`python -m tests.benchmarks.peer_dissect FILE.etl [--bytes]` prints how many there are; with
`--bytes` it asks for no more than their times and bytes.  dissect.etl has the licence AGPL: nothing
here depends on it, and it takes part only where somebody installed it.
"""

import sys

from dissect.etl import ETL  # type: ignore[import-not-found, unused-ignore]

from tests.build_etl import NDISCAP, PKTMON

PACKETS = {NDISCAP.bytes_le: (1001, 1003), PKTMON.bytes_le: (160, 170)}
"""Events with packets; dissect.etl gives the bytes of a provider as they stand in the trace."""


def main(path: str, *, only_bytes: bool) -> None:
    """Count the packets of one trace."""
    packets = 0
    with open(path, "rb") as file:
        for record in ETL(file):
            header = record.header
            numbers = PACKETS.get(header.provider_id.bytes, ())
            if numbers and header.descriptor.id in numbers:
                event = record.event
                has_values = only_bytes or event.event_values()
                packets += bool(event.ts() and has_values and header.payload)
    print(packets)


if __name__ == "__main__":
    main(sys.argv[1], only_bytes="--bytes" in sys.argv[2:])
