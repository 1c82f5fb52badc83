"""What docs/fleet.md tells people to type is run, with storage and a cluster of ours."""

import shlex
from pathlib import Path

import pytest

from nvgre_doctor.remote.schemes import SCHEMES
from tests.docs.pages import Block, blocks, name_of, table
from tests.needs import need_module
from tests.program import MISMATCH, run, text_of
from tests.remote.servers import Bucket

pytestmark = pytest.mark.peer
INVENTORY = b"VirtualSubnetID,ProviderAddress\n5001,192.168.50.1\n"


@pytest.mark.parametrize("block", blocks("bash"), ids=name_of)
def test_commands_of_the_page_run(
    block: Block, bucket: Bucket, address: str, tmp_path: Path
) -> None:
    url = bucket.put("lab.pcapng", Path(MISMATCH).read_bytes())
    for name in ("lab", "site-7/one"):
        bucket.put(f"{name}.pcapng", Path(MISMATCH).read_bytes())
    bucket.put("lookup.csv", INVENTORY)
    (tmp_path / "urls.txt").write_text(f"{url}\n")
    for line in block.lines:
        there = line.replace("s3://captures/", bucket.url()).replace(
            "tcp://scheduler:8786", address
        )
        program, *args = shlex.split(there)
        if program == "nvgre-doctor":
            done = text_of(run(*args, cwd=tmp_path))
            assert (done.returncode, done.stderr) == (1, ""), line
            assert "192.168.50.2" in done.stdout
        elif program == "dask":
            main = need_module(f"distributed.cli.dask_{args[0]}").main
            known = {option for each in main.params for option in each.opts}
            assert {word for word in args if word.startswith("--")} <= known
        else:
            assert (program, args[0]) == ("pip", "install")
            extras = args[1].removeprefix("nvgre-doctor[").removesuffix("]").split(",")
            assert set(extras) <= {extra.name for extra in SCHEMES.values()}


def test_the_table_has_every_extra() -> None:
    rows = table("docs/fleet.md", "URL", "Extra", "Where credentials come from")
    named = {row[1].strip("`[]") for row in rows}
    assert named == {extra.name for extra in SCHEMES.values()}
