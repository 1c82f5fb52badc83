"""The administrator's own list of VSIDs: a CSV file as PowerShell or Excel writes it.

Knows the columns of Get-NetVirtualizationLookupRecord (class
MSFT_NetVirtualizationLookupRecordSettingData) and what CSV files look like on Windows.  Knows
nothing about captures or verdicts.  Everything in the file is hostile text, and it may be a secret
that somebody else pointed to: no error repeats what is in it.
"""

import io
import os
import re
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, NamedTuple, Self

from nvgre_doctor.errors import GivenError
from nvgre_doctor.known.numbers import parse_number
from nvgre_doctor.remote.schemes import check_urls
from nvgre_doctor.terminal.text_files import read_bytes, read_up_to
from nvgre_doctor.terminal.urls import is_url, shown
from nvgre_doctor.wire.layouts import CONTROL_ID, LOWEST_VSID, is_usable

LARGEST_FILE: Final = 8 * 1024 * 1024
"""In bytes.  A record takes about 250 in UTF-8, which `-Encoding UTF8` gives, and twice that in
UTF-16: more than 30,000 VMs fit.
"""
LARGEST_HEADER: Final = 64 * 1024
"""In characters, half of what the csv module takes.  A class of Windows has some dozens of
properties.
"""
EXPORT_COMMAND: Final = "Get-NetVirtualizationLookupRecord | Export-Csv -Path lookup.csv"
EXPORT_SHORT: Final = (
    "Get-NetVirtualizationLookupRecord | Select-Object VirtualSubnetID, ProviderAddress,"
    " MACAddress, CustomerAddress, VMName, Rule | Export-Csv -NoTypeInformation -Encoding UTF8"
    " -Path lookup.csv"
)
_ENCAP: Final = frozenset({"36", "encap", "translationmethodencap"})
_NOT_ENCAP: Final = frozenset(
    {"35", "nat", "translationmethodnat", "37", "none", "translationmethodnone"}
)
_SEPARATORS: Final = (",", ";", "\t")


class InventoryError(GivenError):
    """The file cannot be used.  The message names the file, the line, what is wrong and what to
    do.
    """

    help_helps: ClassVar[bool] = True


class LookupRecord(NamedTuple):
    """Where one customer address lives.  Addresses are in network order; None stands for missing,
    or for "any".
    """

    vsid: int
    provider_address: bytes | None = None  # 4 or 16 bytes
    mac: bytes | None = None  # of the VM, 6 bytes
    customer_address: bytes | None = None  # 4 or 16 bytes
    vm_name: str | None = None


class Inventory(NamedTuple):
    """What the administrator knows.  `Inventory()` is nothing; `vsids` holds those of the records
    too.
    """

    vsids: frozenset[int] = frozenset()
    records: tuple[LookupRecord, ...] = ()
    is_complete: bool = False  # there are no other VSIDs

    def with_vsids(self, vsids: Iterable[int]) -> Self:
        """The same with VSIDs about which nothing else is known."""
        return self._replace(vsids=self.vsids.union(vsids))


def read_inventory(path: str | os.PathLike[str]) -> Inventory:
    """Read a CSV export of lookup records, from a file or a URL; only a VirtualSubnetID column is
    required.

    Records whose Rule says that they are not NVGRE (35 Nat, 37 None) do not count, nor do those
    with VSID 0 (not virtualized). Raises InventoryError.
    """
    data, path = _read(path), shown(os.fspath(path))
    text = _decode(data, path)
    lines = iter(io.StringIO(text, newline=None))
    skipped = 0
    header = ""
    for header in lines:
        if header.strip() and not header.startswith("#TYPE"):
            break
        skipped += 1
    else:
        raise InventoryError(
            f"{path}: there is no header and no record in it. Export again: {EXPORT_COMMAND}"
        )
    separator, columns = _columns(header.rstrip("\n"), f"{path}, line {skipped + 1}")
    records = dict.fromkeys(_records(lines, separator, columns, path, skipped + 1))
    if not records:
        raise InventoryError(
            f"{path}: no record in it is about NVGRE (Rule 36, TranslationMethodEncap;"
            f" VirtualSubnetID not 0). Export on a host with virtualized VMs: {EXPORT_COMMAND}"
        )
    return Inventory(frozenset(record.vsid for record in records), tuple(records))


def _read(path: str | os.PathLike[str]) -> bytes:
    try:
        data = _bytes(os.fspath(path))
    except GivenError:  # of a URL
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = getattr(error, "strerror", None) or error
        raise InventoryError(
            f"{shown(os.fspath(path))}: cannot be read: {why}. Check the name and the permissions."
        ) from error
    path = shown(os.fspath(path))
    if not data:
        raise InventoryError(f"{path}: the file is empty. Export again: {EXPORT_COMMAND}")
    if len(data) > LARGEST_FILE:
        raise InventoryError(
            f"{path}: larger than {LARGEST_FILE // 1024 // 1024} MB. Export less: {EXPORT_SHORT}"
        )
    return data


def _bytes(path: str) -> bytes:
    if not is_url(path):
        return read_bytes(path, LARGEST_FILE + 1)
    check_urls([path])
    from nvgre_doctor.remote.opening_urls import opened  # only for URLs

    with opened(path) as stream:
        return read_up_to(stream, LARGEST_FILE + 1)


def _decode(data: bytes, path: str | os.PathLike[str]) -> str:
    """Text, by byte order mark; without one UTF-8, and cp1252 if it is not."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
    if "\0" in text:
        raise InventoryError(
            f"{path}: not a text file. The inventory is a CSV file: {EXPORT_COMMAND}"
        )
    return text


def _columns(header: str, where: str) -> tuple[str, dict[str, int]]:
    """The separator, and the index of each column by its simplified name."""
    import csv  # most runs have no inventory

    if len(header) > LARGEST_HEADER:
        raise InventoryError(
            f"{where}: a header of {len(header)} characters, and {LARGEST_HEADER} is the most."
            f" Export again: {EXPORT_COMMAND}"
        )
    most = 0
    for separator in _SEPARATORS:
        names = next(csv.reader([header], delimiter=separator), [])
        # Of two columns with one name the first counts.
        columns = {_simplify(name): index for index, name in reversed(list(enumerate(names)))}
        if "virtualsubnetid" in columns:
            return separator, columns
        most = max(most, len(names))
    raise InventoryError(
        f"{where}: none of the {most} columns is VirtualSubnetID. Export again: {EXPORT_COMMAND}"
    )


def _records(
    lines: Iterator[str],
    separator: str,
    columns: dict[str, int],
    path: str | os.PathLike[str],
    lines_before: int,
) -> Iterator[LookupRecord]:
    import csv

    rows = csv.reader(lines, delimiter=separator)
    while True:
        line_number = lines_before + rows.line_num + 1
        try:
            row = next(rows, None)
            if row is None:
                return
            record = _record(row, columns)
        except (csv.Error, ValueError) as error:
            raise InventoryError(
                f"{path}, line {line_number}: {error}. Correct the line, or export again:"
                f" {EXPORT_COMMAND}"
            ) from error
        if record is not None:
            yield record


def _record(row: list[str], columns: dict[str, int]) -> LookupRecord | None:
    """None for a row that does not count.  ValueError says what is wrong with it."""

    def cell(column: str) -> str:
        index = columns.get(column, len(row))
        return row[index].strip() if index < len(row) else ""

    if not any(value.strip() for value in row):
        return None
    rule = cell("rule").lower()
    if rule in _NOT_ENCAP:
        return None
    if rule and rule not in _ENCAP:
        raise ValueError("Rule is not 35, 36, 37 nor TranslationMethodNat, -Encap, -None")
    vsid = _vsid(cell("virtualsubnetid"))
    if vsid == 0:
        return None
    return LookupRecord(
        vsid,
        _address("ProviderAddress", cell("provideraddress")),
        _mac(cell("macaddress")),
        _address("CustomerAddress", cell("customeraddress")),
        cell("vmname") or None,
    )


def _vsid(text: str) -> int:
    vsid = parse_number(text)
    if vsid is None:
        raise ValueError("VirtualSubnetID is not a number")
    if vsid and not is_usable(vsid):
        raise ValueError(f"VirtualSubnetID is outside {LOWEST_VSID} to {CONTROL_ID - 1}")
    return vsid


def _address(column: str, text: str) -> bytes | None:
    """Four or sixteen bytes; None for nothing, 0.0.0.0 and ::, which mean any address."""
    import ipaddress

    if not text:
        return None
    try:
        address = ipaddress.ip_address(text.partition("%")[0])  # fe80::1%12 has a zone
    except ValueError:
        raise ValueError(f"{column} is not an IP address") from None
    return None if address.is_unspecified else address.packed


def _mac(text: str) -> bytes | None:
    """Six bytes of 00155D013202, 00-15-5D-01-32-02, 00:15:5d:01:32:02 or 0015.5d01.3202; None for
    nothing and for all zeros.
    """
    digits = re.sub(r"[-:.]", "", text)
    if not text or digits == "0" * 12:
        return None
    if not re.fullmatch(r"[0-9a-fA-F]{12}", digits):
        raise ValueError("MACAddress is not a MAC of six bytes")
    return bytes.fromhex(digits)


def _simplify(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).lower()
