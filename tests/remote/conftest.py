"""Servers for this folder."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.needs import need_module
from tests.remote.servers import Bucket, Site, s3_server, web_server


@pytest.fixture(scope="session")
def s3_client() -> Iterator[Any]:
    with s3_server() as client:
        yield client


@pytest.fixture
def bucket(s3_client: Any, request: pytest.FixtureRequest) -> Bucket:
    return Bucket(s3_client, f"{abs(hash(request.node.nodeid)):x}")


@pytest.fixture
def site() -> Iterator[Site]:
    with web_server() as found:
        yield found


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Two workers in this process, which talk over TCP all the same."""
    distributed = need_module("distributed")
    need_module("fsspec")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp://", dashboard_address=""
    ) as cluster:
        yield cluster.scheduler_address
