"""Values for the schemas that pydantic writes for its own types are read back by pydantic."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import pydantic
import pytest
from pydantic import networks
from support.schemas import make

TYPES: dict[str, Any] = {
    str(getattr(kind, "__name__", kind)): kind
    for kind in (
        *(date, datetime, time, timedelta, Decimal, UUID, Path),
        *(IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network),
        *(networks.IPvAnyAddress, networks.IPvAnyInterface, networks.IPvAnyNetwork),
        *(networks.AnyUrl, networks.HttpUrl, networks.AnyWebsocketUrl, networks.FtpUrl),
        *(networks.PostgresDsn, networks.RedisDsn, networks.MongoDsn, networks.AmqpDsn, networks.KafkaDsn),
        *(networks.NatsDsn, networks.MySQLDsn, networks.MariaDBDsn, networks.ClickHouseDsn),
    )
} | {
    **{f"UUID{version}": getattr(pydantic, f"UUID{version}") for version in (1, 3, 4, 5)},
    **{name: getattr(pydantic, name) for name in ("UUID6", "UUID7", "UUID8") if hasattr(pydantic, name)},
    "FilePath": pydantic.FilePath,
    "DirectoryPath": pydantic.DirectoryPath,
    "Base64Bytes": pydantic.Base64Bytes,
    "Base64UrlStr": pydantic.Base64UrlStr,
    "JsonText": pydantic.Json[dict[str, Any]],
    "SecretStr": pydantic.SecretStr,
    "PastDatetime": pydantic.PastDatetime,
    "PositiveInt": pydantic.PositiveInt,
    "Decimal with places": Annotated[Decimal, pydantic.Field(max_digits=8, decimal_places=2, gt=0)],
    "ByteSize": pydantic.ByteSize,
}


@pytest.mark.parametrize("name", TYPES)
def test_pydantic_reads_what_it_asked_for(name: str) -> None:
    """A value for the schema of a model with a field of this type is valid for the model, whatever the seed."""
    field = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])|\W+", "_", name).lower()
    model: Any = type("Model", (pydantic.BaseModel,), {"__annotations__": {field: TYPES[name]}})
    for seed in range(10):
        model.model_validate(make(model.model_json_schema(), seed))
