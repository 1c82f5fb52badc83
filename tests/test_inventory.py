"""Every shape of inventory that Windows writes gives the same records, and every wrong one says
what to do.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nvgre_doctor.known.inventory import (
    Inventory,
    InventoryError,
    LookupRecord,
    read_inventory,
)

EXPORT = (
    "#TYPE Microsoft.Management.Infrastructure.CimInstance#root/standardcimv2/"
    "MSFT_NetVirtualizationLookupRecordSettingData\r\n"
    '"Caption","Description","ElementName","InstanceID","Context","CustomerAddress","CustomerID",'
    '"MACAddress","ProviderAddress","Rule","Type","UseVmMACAddress","VirtualSubnetID","VMName",'
    '"PSComputerName"\r\n'
    ',,,";10.1.1.11;5001;",,"10.1.1.11","{11111111-2222-3333-4444-000000005001}","00155D0A0001",'
    '"192.168.50.1","TranslationMethodEncap","Static","False","5001","Blüe, VM1","HV1"\r\n'
    ',,,";10.1.1.12;5001;",,"10.1.1.12","{11111111-2222-3333-4444-000000005001}","00155D0A0002",'
    '"192.168.50.2","TranslationMethodEncap","Static","False","5001","VM2","HV1"\r\n'
    ',,,";10.9.9.9;6001;",,"10.9.9.9","{11111111-2222-3333-4444-000000006001}","00155D0A0009",'
    '"192.168.50.9","TranslationMethodNat","Static","False","6001","VM9","HV1"\r\n'
)
VM1 = LookupRecord(
    5001, b"\xc0\xa8\x32\x01", b"\x00\x15\x5d\x0a\x00\x01", b"\x0a\x01\x01\x0b", "Blüe, VM1"
)
VM2 = LookupRecord(
    5001, b"\xc0\xa8\x32\x02", b"\x00\x15\x5d\x0a\x00\x02", b"\x0a\x01\x01\x0c", "VM2"
)


@pytest.fixture
def write(tmp_path: Path):
    def _write(content: str | bytes) -> Path:
        path = tmp_path / "lookup.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return _write


def reason(path: Path) -> str:
    """The message, without the name of the file."""
    with pytest.raises(InventoryError) as caught:
        read_inventory(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(EXPORT.encode("utf-8"), id="utf-8"),
        pytest.param(EXPORT.encode("utf-8-sig"), id="utf-8 with BOM"),
        pytest.param(b"\xff\xfe" + EXPORT.encode("utf-16-le"), id="utf-16 little endian"),
        pytest.param(b"\xfe\xff" + EXPORT.encode("utf-16-be"), id="utf-16 big endian"),
        pytest.param(EXPORT.encode("cp1252"), id="cp1252"),
        pytest.param(EXPORT.replace("\r\n", "\n").encode(), id="line feeds only"),
        pytest.param(EXPORT.replace("\r\n", "\r").encode(), id="carriage returns only"),
        pytest.param(EXPORT.partition("\r\n")[2].encode(), id="-NoTypeInformation"),
        pytest.param(b"\r\n" + EXPORT.encode() + b"\r\n,,,\r\n", id="blank lines and rows"),
    ],
)
def test_one_export_gives_the_same_records_in_every_encoding(write, content: bytes) -> None:
    assert read_inventory(write(content)) == Inventory(frozenset({5001}), (VM1, VM2))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_are_found_by_header_in_any_order_case_and_separator(write, separator: str) -> None:
    rows = [
        ["vmname", "Something Else", "VIRTUALSUBNETID", "macaddress", "Provider Address"],
        ["VM1", "x", "5001", "00:15:5d:0a:00:01", "192.168.50.1"],
    ]
    path = write("\n".join(separator.join(row) for row in rows))
    assert read_inventory(path).records == (
        LookupRecord(5001, b"\xc0\xa8\x32\x01", b"\x00\x15\x5d\x0a\x00\x01", None, "VM1"),
    )


def test_a_list_of_vsids_is_enough(write) -> None:
    path = write("VirtualSubnetID\n5001\n0x1771\n")
    assert read_inventory(path) == Inventory(
        frozenset({5001, 6001}), (LookupRecord(5001), LookupRecord(6001))
    )


def test_a_row_may_be_shorter_than_the_header(write) -> None:
    assert read_inventory(write("VirtualSubnetID,MACAddress\n5001\n")).records == (
        LookupRecord(5001),
    )


def test_of_two_columns_with_one_name_the_first_counts(write) -> None:
    assert read_inventory(write("VirtualSubnetID,VirtualSubnetID\n5001,6001\n")).vsids == {5001}


def test_equal_records_from_several_hosts_count_once(write) -> None:
    path = write("VirtualSubnetID,PSComputerName\n5001,HV1\n5001,HV2\n6001,HV2\n")
    assert read_inventory(path).records == (LookupRecord(5001), LookupRecord(6001))


@pytest.mark.parametrize(
    "mac",
    ["00155D013202", "00-15-5D-01-32-02", "00:15:5d:01:32:02", "0015.5d01.3202", " 00155d013202 "],
)
def test_a_mac_is_read_with_or_without_separators(write, mac: str) -> None:
    (record,) = read_inventory(write(f"VirtualSubnetID,MACAddress\n5001,{mac}\n")).records
    assert record.mac == b"\x00\x15\x5d\x01\x32\x02"


@pytest.mark.parametrize("mac", ["", "000000000000", "00-00-00-00-00-00"])
def test_no_mac_and_a_mac_of_zeros_are_none(write, mac: str) -> None:
    (record,) = read_inventory(write(f"VirtualSubnetID,MACAddress\n5001,{mac}\n")).records
    assert record.mac is None


@pytest.mark.parametrize(
    "rule", ["36", "TranslationMethodEncap", "translationmethodencap", "Encap", ""]
)
def test_rules_that_mean_nvgre_count(write, rule: str) -> None:
    assert read_inventory(write(f"Rule,VirtualSubnetID\n{rule},5001\n")).vsids == {5001}


@pytest.mark.parametrize(
    "rule", ["35", "37", "TranslationMethodNat", "TranslationMethodNone", "NAT"]
)
def test_rules_that_mean_something_else_do_not_count(write, rule: str) -> None:
    assert read_inventory(write(f"Rule,VirtualSubnetID\n{rule},6001\n36,5001\n")).vsids == {5001}


def test_vsid_0_means_not_virtualized_and_does_not_count(write) -> None:
    assert read_inventory(write("VMName,VirtualSubnetId\nVM1,0\nVM2,5001\n")).vsids == {5001}


@pytest.mark.parametrize("wildcard", ["0.0.0.0", "::", ""])
def test_a_wildcard_customer_address_is_none(write, wildcard: str) -> None:
    (record,) = read_inventory(write(f"CustomerAddress,VirtualSubnetID\n{wildcard},5001\n")).records
    assert record.customer_address is None


def test_ipv6_addresses_are_read_without_their_zone(write) -> None:
    text = "CustomerAddress,ProviderAddress,VirtualSubnetID\nfd01::11,fe80::1%12,5001\n"
    (record,) = read_inventory(write(text)).records
    assert record.customer_address == b"\xfd\x01" + bytes(13) + b"\x11"
    assert record.provider_address == b"\xfe\x80" + bytes(13) + b"\x01"


@pytest.mark.parametrize("vsid", [4096, 16777214])
def test_the_lowest_and_the_highest_vsid_are_read(write, vsid: int) -> None:
    assert read_inventory(write(f"VirtualSubnetID\n{vsid}\n")).vsids == {vsid}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("abc,,,,", "VirtualSubnetID is not a number"),
        (",36,,,", "VirtualSubnetID is not a number"),
        ("5_001,,,,", "VirtualSubnetID is not a number"),
        ("-5001,,,,", "VirtualSubnetID is not a number"),
        ("٥٠٠١,,,,", "VirtualSubnetID is not a number"),
        ("4095,,,,", "VirtualSubnetID is outside 4096 to 16777214"),
        ("16777215,,,,", "VirtualSubnetID is outside 4096 to 16777214"),
        ("0x100000000,,,,", "VirtualSubnetID is not a number"),
        ("5001,99,,,", "Rule is not 35, 36, 37 nor TranslationMethodNat, -Encap, -None"),
        ("5001,36,00155D0132,,", "MACAddress is not a MAC of six bytes"),
        ("5001,36,,10.1.1.300,", "CustomerAddress is not an IP address"),
        ("5001,36,,,System.String[]", "ProviderAddress is not an IP address"),
        (f"{'9' * 60},36,,,", "VirtualSubnetID is not a number"),
    ],
)
def test_a_wrong_cell_is_named_with_its_line_and_the_remedy(write, row: str, says: str) -> None:
    path = write(
        "#TYPE"
        f" x\nVirtualSubnetID,Rule,MACAddress,CustomerAddress,ProviderAddress\n"
        f"5001,36,,,\n{row}\n6001,,,,\n"
    )
    assert (
        reason(path) == f", line 4: {says}. Correct the line, or export again: "
        "Get-NetVirtualizationLookupRecord | Export-Csv -Path lookup.csv"
    )


def test_the_line_is_counted_over_a_name_that_spans_lines(write) -> None:
    path = write('VMName,VirtualSubnetID\n"two\nlines",5001\nVM2,x\n')
    assert reason(path).startswith(", line 4: VirtualSubnetID is not a number")


def test_a_missing_vsid_column_is_an_error_that_names_the_command(write) -> None:
    assert (
        reason(write('#TYPE x\n"VMName";"MacAddress"\n"VM1";"00155D0A0001"\n'))
        == ", line 2: none of the 2 columns is VirtualSubnetID. "
        "Export again: Get-NetVirtualizationLookupRecord | Export-Csv -Path lookup.csv"
    )


def test_a_list_instead_of_a_table_is_an_error(write) -> None:
    text = "\r\n\r\nCustomerAddress  : 10.1.1.11\r\nVirtualSubnetID  : 5001\r\n"
    assert reason(write(b"\xff\xfe" + text.encode("utf-16-le"))).startswith(
        ", line 3: none of the 1 columns is VirtualSubnetID. Export again"
    )


@pytest.mark.parametrize(
    "text",
    [
        "root:SECRET:19000:0:99999:7:::\n",
        "SECRET,b;c\td\n",
        "VirtualSubnetID\nSECRET\n",
        "VirtualSubnetID,Rule\n5001,SECRET\n",
        "VirtualSubnetID,MACAddress\n5001,SECRET\n",
        "VirtualSubnetID,CustomerAddress\n5001,SECRET\n",
        "VirtualSubnetID,ProviderAddress\n5001,SECRET\n",
        "SECRET" * 30_000 + ",VirtualSubnetID\n5001,1\n",
    ],
)
def test_no_error_repeats_what_is_in_the_file(write, text: str) -> None:
    """It may be the file of somebody else: a configuration can name any."""
    assert "SECRET" not in reason(write(text))


@pytest.mark.parametrize("content", ["", "\ufeff", "#TYPE x\r\n", "\r\n \r\n"])
def test_an_empty_file_is_an_error(write, content: str) -> None:
    message = reason(write(content))
    assert "the file is empty" in message or "no header and no record" in message
    assert "Export-Csv" in message


@pytest.mark.parametrize("rows", ["", "35,5001\n", "36,0\n"])
def test_a_file_without_an_nvgre_record_is_an_error(write, rows: str) -> None:
    assert ": no record in it is about NVGRE" in reason(write(f"Rule,VirtualSubnetID\n{rows}"))


def test_a_capture_is_not_an_inventory(write) -> None:
    assert reason(write(b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + bytes(16))).startswith(
        ": not a text file."
    )


def test_a_cell_beyond_the_limit_of_the_csv_module_is_an_error(write) -> None:
    message = reason(write(f"VMName,VirtualSubnetID\n{'x' * 200_000},5001\n"))
    assert message.startswith(", line 2: field larger than field limit")


def test_a_header_that_never_ends_is_given_up_before_it_is_taken_apart(write) -> None:
    """8 MB of commas took 975 MB of memory."""
    header = "VirtualSubnetID".ljust(65_536, ",")
    assert read_inventory(write(f"{header}\n5001\n")).vsids == {5001}
    assert reason(write(f"{header},\n5001\n")) == (
        ", line 1: a header of 65537 characters, and 65536 is the most. Export again:"
        " Get-NetVirtualizationLookupRecord | Export-Csv -Path lookup.csv"
    )


def test_a_file_that_never_ends_is_given_up_at_8_mb(tmp_path: Path) -> None:
    path = tmp_path / "lookup.csv"
    with path.open("wb") as file:
        file.truncate(8 * 1024 * 1024 + 1)
    assert reason(path) == (
        ": larger than 8 MB. Export less: Get-NetVirtualizationLookupRecord | Select-Object"
        " VirtualSubnetID, ProviderAddress, MACAddress, CustomerAddress, VMName, Rule | Export-Csv"
        " -NoTypeInformation -Encoding UTF8 -Path lookup.csv"
    )


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    assert reason(tmp_path / "nothing.csv").startswith(
        ": cannot be read: No such file or directory."
    )
    assert reason(tmp_path).startswith(": cannot be read: ")


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None
)
@given(
    bom=st.sampled_from([b"", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"]),
    content=st.binary(max_size=200)
    | st.text('VirtualSubnetID,;\t"\r\n05#TYPE', max_size=80).map(str.encode),
    header=st.sampled_from([b"", b"VirtualSubnetID,Rule,MACAddress,CustomerAddress\n"]),
)
def test_no_content_raises_anything_but_inventory_error(
    write, bom: bytes, header: bytes, content: bytes
) -> None:
    path = write(bom + header + content)
    try:
        result = read_inventory(path).vsids
    except InventoryError as error:
        result = str(error).startswith(str(path))
    assert result


def test_plain_vsids_join_those_of_the_records(write) -> None:
    inventory = read_inventory(write("VirtualSubnetID\n5001\n"))
    assert inventory.with_vsids([6001, 5001]) == Inventory(
        frozenset({5001, 6001}), (LookupRecord(5001),)
    )
    assert Inventory().with_vsids([7001]) == Inventory(frozenset({7001}), ())


def test_an_inventory_and_its_records_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Inventory().vsids = frozenset({1})  # type: ignore[misc]
    with pytest.raises(AttributeError):
        LookupRecord(5001).vsid = 1  # type: ignore[misc]
