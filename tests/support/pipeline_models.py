"""More pydantic models as clients write them: of extraction, retrieval, agents, trade and tools for developers."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    UUID7,
    AwareDatetime,
    Base64Str,
    BaseModel,
    ByteSize,
    EmailStr,
    Field,
    Json,
    NameEmail,
    NonNegativeFloat,
    PastDate,
    PostgresDsn,
    SecretStr,
    model_validator,
)


class Verdict(StrEnum):
    """How a claim is judged."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    UNCLEAR = "unclear"


class Claim(BaseModel):
    """A claim and what was found about it."""

    claim: str = Field(min_length=5, description="The claim in one sentence")
    verdict: Verdict
    confidence: float = Field(ge=0, le=1)
    sources: list[str] = Field(default_factory=list, max_length=5)


class FactCheck(BaseModel):
    """All claims of a text."""

    claims: list[Claim] = Field(min_length=1)
    overall: Verdict


class Chunk(BaseModel):
    """A passage that was retrieved."""

    id: UUID7
    text: str
    score: NonNegativeFloat
    page: int | None = Field(None, ge=1)
    metadata: dict[str, str | int | float | bool]


class SearchPlan(BaseModel):
    """Queries to run, with filters."""

    queries: list[str] = Field(min_length=1, max_length=3, description="up to three queries")
    after: date | None = None
    language: Literal["en", "de", "fr"] = "en"


class Triple(BaseModel):
    """A fact of a knowledge graph."""

    subject: str
    predicate: str = Field(pattern=r"^[a-z]+(_[a-z]+)*$")
    object: str


class Knowledge(BaseModel):
    """A knowledge graph."""

    triples: list[Triple]


class Cart(BaseModel):
    """What is bought, whose total is checked."""

    quantity: int = Field(ge=1, le=10)
    unit_price: Decimal = Field(gt=0, max_digits=7, decimal_places=2)
    currency: str = Field(pattern="^[A-Z]{3}$")
    paid_with: Literal["card", "transfer", "cash"]


class Contact(BaseModel):
    """How someone is reached."""

    who: NameEmail
    backup: list[EmailStr] = Field(max_length=2)
    born: PastDate


class Deployment(BaseModel):
    """Where a service runs."""

    database: PostgresDsn
    network: IPv4Network
    token: SecretStr
    memory: ByteSize
    started: AwareDatetime
    timeout: timedelta


class Attachment(BaseModel):
    """A file in a message."""

    filename: str = Field(pattern=r"^[\w-]+\.(pdf|png|txt)$")
    content: Base64Str
    extra: Json[Any]


class Search(BaseModel):
    """Looks something up."""

    tool: Literal["search"]
    query: str


class Compute(BaseModel):
    """Calculates something."""

    tool: Literal["compute"]
    expression: str
    precision: int = Field(2, ge=0, le=10)


class Finish(BaseModel):
    """Ends the work."""

    tool: Literal["finish"]
    answer: str


class Step(BaseModel):
    """What an agent does next."""

    thought: str
    action: Annotated[Search | Compute | Finish, Field(discriminator="tool")]


class Diff(BaseModel):
    """A change of a file."""

    path: str
    start: int = Field(ge=1, le=500)
    lines: int = Field(ge=1, le=50)
    risk: Literal["low", "medium", "high"]
    reviewers: tuple[str, str] | None = None


class Section(BaseModel):
    """A section of a document, with sections in it."""

    title: str = Field(max_length=80)
    level: int = Field(ge=1, le=6)
    children: list["Section"] = Field(default_factory=list)


class Budget(BaseModel):
    """Amounts by category."""

    month: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")
    amounts: dict[str, NonNegativeFloat]
    approved_by: UUID | None


class Rate(BaseModel):
    """A rate that is one of two."""

    fixed: float | None = None
    variable: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _told(cls, value: Any) -> Any:
        assert isinstance(value, dict)
        return value


class Transcript(BaseModel):
    """Who said what, and when."""

    speakers: set[str] = Field(min_length=1)
    turns: list[tuple[datetime, str]] = Field(min_length=1)


PIPELINES: tuple[type[BaseModel], ...] = (
    Claim, FactCheck, Chunk, SearchPlan, Triple, Knowledge, Cart, Contact, Deployment, Attachment, Step, Diff, Section,
    Budget, Rate, Transcript,
)  # fmt: skip
"""One model for each of these tasks."""
